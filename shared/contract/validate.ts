import type { z } from "zod";
import { GenesisError, type ErrorCode, type ErrorDetail } from "./errors.ts";

/**
 * Checks a value against a schema and hands back the value itself, not a copy: fields that the schema does not know
 * stay, so a reader can pass on, or hash, exactly what was written.
 * @throws GenesisError `E_SCHEMA` (or `code`) with the paths and rules that were broken
 */
export function validate<S extends z.ZodType>(
  schema: S,
  value: unknown,
  path = "",
  code: ErrorCode = "E_SCHEMA",
): z.output<S> {
  const result = schema.safeParse(value);
  if (!result.success) throw new GenesisError(code, issues(result.error, path));
  return value as z.output<S>;
}

/** As `validate`, but hands back the schema's own output: defaults filled in, unknown fields dropped. */
export function parseWith<S extends z.ZodType>(
  schema: S,
  value: unknown,
  path = "",
  code: ErrorCode = "E_SCHEMA",
): z.output<S> {
  const result = schema.safeParse(value);
  if (!result.success) throw new GenesisError(code, issues(result.error, path));
  return result.data;
}

/** A schema's findings as details: where, and which rule; the offending value never. */
export function issues(error: z.ZodError, path = ""): ErrorDetail[] {
  return error.issues.map((issue) => ({
    path: [path, ...issue.path.map(nameOf)].filter(Boolean).join("."),
    rule: ruleOf(issue),
  }));
}

/** A part of a path, as long and as plain as names are: where keys are the caller's own, they may be anything. */
function nameOf(key: PropertyKey): string {
  return String(key)
    .slice(0, 64)
    .replaceAll(/[^A-Za-z0-9_-]/g, "?");
}

function ruleOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${issue.expected}`;
    case "too_big":
      return `at most ${issue.maximum}`;
    case "too_small":
      return `at least ${issue.minimum}`;
    case "invalid_format":
      return `must be ${issue.format === "regex" ? `like ${issue.pattern}` : issue.format}`;
    case "invalid_value":
      return `one of ${issue.values.join(", ")}`;
    case "unrecognized_keys":
      return "has a field that is not known";
    case "custom":
      return issue.message;
    default:
      return issue.code;
  }
}
