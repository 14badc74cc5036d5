import { readFileSync, statSync } from "node:fs";
import { LineCounter, isMap, isScalar, isSeq, parseDocument, visit, type Document } from "yaml";
import type { z } from "zod";

/** What is wrong in a file, and where. Lines count from 1. */
export type Problem = { file: string; line: number; reason: string };

/** A place in a file: the keys and indexes that lead there. */
export type Path = readonly PropertyKey[];

/** A file that was read and has the shape that it should have. */
export type Checked<T> = { file: string; value: T; lineOf: (path: Path) => number };

const MAX_FILE_BYTES = 256 * 1024;

/** Reads a YAML file and checks it against a schema. All that is wrong is told, not only the first. */
export function readYaml<S extends z.ZodType>(file: string, schema: S): Checked<z.output<S>> | Problem[] {
  const text = textOf(file);
  if ("reason" in text) return [text];
  const lines = new LineCounter();
  const document = parseDocument(text.yaml, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const broken = [...document.errors, ...document.warnings, ...aliasesIn(document)];
  if (broken.length > 0)
    return broken.map(({ pos, message }) => ({ file, line: lineAt(pos[0]), reason: message }));

  const value: unknown = document.toJS();
  const lineOf = (path: Path): number => lineAt(offsetOf(document, path));
  const result = schema.safeParse(value);
  if (result.success) return { file, value: result.data, lineOf };
  return result.error.issues
    .toSorted((a, b) => rankOf(a) - rankOf(b))
    .flatMap((issue) => findingsOf(issue, value))
    .map(({ path, reason }) => ({ file, line: lineOf(path), reason: `${pathText(path)}${reason}` }));
}

function textOf(file: string): { yaml: string } | Problem {
  const problem = (reason: string): Problem => ({ file, line: 1, reason });
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile()) return problem(stat ? "is not a file" : "there is no such file");
  if (stat.size > MAX_FILE_BYTES) return problem(`is larger than ${MAX_FILE_BYTES / 1024} KiB`);
  const bytes = readFileSync(file);
  try {
    return { yaml: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return problem("is not UTF-8");
  }
}

/** Aliases are refused: they can make a value endless, and a file hard to read. */
function aliasesIn(document: Document): { pos: [number]; message: string }[] {
  const found: { pos: [number]; message: string }[] = [];
  visit(document, {
    Alias: (_key, alias) => {
      found.push({
        pos: [alias.range?.[0] ?? 0],
        message: `*${alias.source}: write the value out, aliases are not known`,
      });
    },
  });
  return found;
}

/** Where the last part of a path stands that the file has: a key of a map, or an item of a list. */
function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const name of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(name));
      if (!pair) break;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(name)];
      if (isMap(item) || isSeq(item) || isScalar(item)) offset = item.range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return offset;
}

/** A finding of the schema in words for the person who wrote the file. */
function findingsOf(issue: z.core.$ZodIssue, value: unknown): { path: Path; reason: string }[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ path: [...issue.path, key], reason: "is not a known field" }));
  if (issue.code === "invalid_key")
    return [{ path: issue.path, reason: issue.issues[0]?.message ?? issue.message }];
  const isMissing = issue.code === "invalid_type" && at(value, issue.path) === undefined;
  return [{ path: issue.path, reason: isMissing ? "is missing" : issue.message }];
}

// What has a wrong name is also missed under the right one, and the name as it was written is what helps: so it goes first.
const rankOf = ({ code }: z.core.$ZodIssue): number => (code === "unrecognized_keys" ? 0 : 1);

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, name) => (inner as Record<PropertyKey, unknown> | undefined)?.[name],
    value,
  );
}

/** A path as people write it: `rules[3].when.goal`. */
function pathText(path: Path): string {
  const text = path.map((name) => (typeof name === "number" ? `[${name}]` : `.${String(name)}`)).join("");
  return text === "" ? "" : `${text.replace(/^\./, "")}: `;
}
