import { InvalidArgumentError } from "commander";
import { readFileSync } from "node:fs";
import { asGenesisError } from "../shared/contract/errors.ts";
import { refuseInexact } from "../shared/contract/exact-numbers.ts";
import type { Submission } from "../shared/contract/submission.ts";
import { wrongUsage } from "./failure.ts";

/** What `genesis submit` is told about the task. */
export type SubmissionOptions = {
  goal?: string;
  file?: string;
  type?: string;
  input?: JsonObject;
  context?: JsonObject;
  priority?: "high" | "normal" | "low";
  deadline?: Deadline;
};

export type JsonObject = Record<string, unknown>;

/** A moment, or a time from now. */
export type Deadline = { at: string } | { inMs: number };

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNITS_MS;

/** Reads `--deadline`: RFC 3339, or a duration such as `90s`, `10m`, `2h`, `1d`. */
export function readDeadline(text: string): Deadline {
  const [, amount, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  if (amount !== undefined) return { inMs: Number(amount) * UNITS_MS[unit as Unit] };
  const isMoment = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text);
  if (isMoment && !Number.isNaN(Date.parse(text))) return { at: new Date(text).toISOString() };
  throw new InvalidArgumentError("It must be a time such as 2026-01-31T12:00:00Z or a duration such as 10m.");
}

/** Reads `--input` and `--context`: a JSON object. */
export function readObject(text: string): Record<string, unknown> {
  const value = parse(text);
  if (!isObject(value)) throw new InvalidArgumentError("It must be a JSON object.");
  const rule = ruleBrokenBy(text);
  if (rule !== undefined) throw new InvalidArgumentError(`It must have ${rule}.`);
  return value;
}

/**
 * The payload for the door: the file's, with what was given as options over it. What is in it is the gateway's to judge.
 * @throws CommandFailure for a file that is no JSON object, and without a goal
 */
export function payloadOf(options: SubmissionOptions, nowMs: number): Submission {
  const { goal, type, input, context, priority, deadline } = options;
  if (goal === "") throw wrongUsage("the goal is empty; say what is to be done");
  const payload = {
    ...(options.file !== undefined && readPayload(options.file)),
    ...(goal !== undefined && { goal }),
    ...(type !== undefined && { taskType: type }),
    ...(input !== undefined && { input }),
    ...(context !== undefined && { context }),
    ...(priority !== undefined && { priority }),
    ...(deadline !== undefined && { deadline: momentOf(deadline, nowMs) }),
  };
  if ("goal" in payload) return payload as Submission;
  throw wrongUsage("a task needs a goal: give --goal TEXT, or --file with a JSON payload that has one");
}

function momentOf(deadline: Deadline, nowMs: number): string {
  return "at" in deadline ? deadline.at : new Date(nowMs + deadline.inMs).toISOString();
}

function readPayload(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw wrongUsage(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown reason"})`);
  }
  const value = parse(text);
  if (!isObject(value)) throw wrongUsage(`${path} holds no JSON object`);
  const rule = ruleBrokenBy(text);
  if (rule !== undefined) throw wrongUsage(`${path} must have ${rule}`);
  return value;
}

/** Which numbers a text should have had: it is written anew for the door, which would get others and could not tell. */
function ruleBrokenBy(text: string): string | undefined {
  try {
    refuseInexact(new TextEncoder().encode(text));
    return undefined;
  } catch (error) {
    return asGenesisError(error).details[0]?.rule;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
