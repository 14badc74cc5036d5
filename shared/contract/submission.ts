import { randomBytes } from "node:crypto";
import { z } from "zod";
import { MAX_GOAL_BYTES } from "./envelope.ts";
import { GenesisError } from "./errors.ts";
import { MAX_LABELS, POLICY_DEFAULTS, budget, jsonObject, labels, policy, type EventData } from "./events.ts";
import { refuseInexact } from "./exact-numbers.ts";
import { parseJson } from "./json.ts";
import { sha256 } from "./plan-hash.ts";
import { MAX_RUN_MS, priority } from "./plan.ts";
import { token } from "./token.ts";
import { parseWith } from "./validate.ts";

const HOUR_MS = 3_600_000;

/** What comes in at the doors: a goal, and everything else optional. Unknown fields are ignored, as everywhere on the bus. */
const submission = z.object({
  goal: z.string().min(1),
  taskType: token.optional(),
  input: jsonObject.optional(),
  context: jsonObject.optional(),
  priority: priority.default("normal"),
  deadline: z.iso.datetime({ offset: true }).optional(),
  budget: budget.optional(),
  labels: labels
    .refine((all) => Object.keys(all).length <= MAX_LABELS, `at most ${MAX_LABELS} labels`)
    .optional(),
  policy: policy.partial().default({}),
});

export type Submission = z.input<typeof submission>;

/**
 * Reads a submission and fills in every default. @param receivedAtMs when it was received, milliseconds since the epoch: a
 * deadline lies after it and at most five days ahead. @param acceptedAtMs the time of its `task.submitted`: the default
 * deadline is an hour later.
 * @throws GenesisError `E_JSON`, `E_ENCODING`, `E_SCHEMA`, `E_TOO_LARGE` (a goal over 64 KiB)
 */
export function readSubmission(
  bytes: Uint8Array,
  receivedAtMs: number,
  acceptedAtMs = receivedAtMs,
): EventData<"task.submitted"> {
  const { policy: asked, deadline, ...rest } = parseWith(submission, parseJson(bytes));
  refuseInexact(bytes);
  if (new TextEncoder().encode(rest.goal).length > MAX_GOAL_BYTES) {
    throw new GenesisError("E_TOO_LARGE", [{ path: "goal", rule: `at most ${MAX_GOAL_BYTES} bytes` }]);
  }
  const deadlineMs = deadline === undefined ? acceptedAtMs + HOUR_MS : Date.parse(deadline);
  if (deadlineMs <= receivedAtMs)
    throw new GenesisError("E_SCHEMA", [{ path: "deadline", rule: "in the future" }]);
  if (deadlineMs > receivedAtMs + MAX_RUN_MS)
    throw new GenesisError("E_SCHEMA", [{ path: "deadline", rule: "at most 5 days ahead" }]);
  return {
    ...rest,
    requestHash: sha256(bytes),
    deadline: new Date(deadlineMs).toISOString(),
    policy: { ...POLICY_DEFAULTS, ...withoutUndefined(asked) },
  };
}

/** The run that an idempotency key stands for; a client can compute it before anything answers. */
export function runOfKey(key: string): string {
  return sha256(`key|${key}`).slice(0, 32);
}

/** The run of an inbox message without a key. @param storedAtNs when the broker stored it, in nanoseconds, as a decimal text */
export function runOfInbox(sequence: number, storedAtNs: string): string {
  return sha256(`inbox|${sequence}|${storedAtNs}`).slice(0, 32);
}

/** The run of a request without a key: sent twice, it is two runs. */
export function randomRun(): string {
  return randomBytes(16).toString("hex");
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as never;
}
