import { z } from "zod";
import { ERRORS, type ErrorCode } from "./errors.ts";
import { assignment, priority, step, timeoutMs, unroutedStep, usage, verdict } from "./plan.ts";
import { token } from "./token.ts";

/**
 * One row per event type: who writes it, which tokens of its subject follow the run, and what its data holds. The types,
 * subjects, JSON Schemas, AsyncAPI document and broker permissions all derive from these rows.
 */

export const time = z.iso.datetime();
export const jsonObject = z.record(z.string(), z.unknown());

/** Bounds of what a submission may ask for; the numbers of the contract. */
export const POLICY_DEFAULTS = {
  maxDepth: 5,
  maxSteps: 100,
  maxReplans: 2,
  minScore: 0.6,
  profile: "aop-v1",
} as const;
export const MAX_STEPS = 500;
export const MAX_LABELS = 16;

/** The shape in which every error crosses the bus. Who copies one into another fact shortens it, see `bounded`. */
export const errorShape = z.object({
  code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
  message: z.string().max(4096),
  retryable: z.boolean(),
  details: z.array(z.object({ path: z.string().max(1024), rule: z.string().max(1024) })).max(100),
});

export const profile = z.enum(["genesis-v1", "aop-v1"]);

export const policy = z.object({
  maxDepth: z.int().min(1).max(32),
  maxSteps: z.int().min(1).max(MAX_STEPS),
  maxReplans: z.int().min(0).max(20),
  minScore: z.number().min(0).max(1),
  profile,
});

export const budget = z.object({
  tokens: z.int().min(0).optional(),
  costMicroUsd: z.int().min(0).optional(),
});
export const labels = z.record(z.string().max(64), z.string().max(256));

const planHash = z.string().regex(/^[0-9a-f]{64}$/);
const actor = z.object({ kind: z.enum(["agent", "user", "execution"]), name: z.string().max(256) });

/** An output stands inline, or by reference to the stored message whose `data.output` is meant. */
export const outputRef = z.object({ $ref: z.string(), bytes: z.int(), sha256: planHash });
export type OutputRef = z.infer<typeof outputRef>;

const row = <W extends string, T extends readonly string[], D extends z.ZodType>(
  writer: W,
  tokens: T,
  data: D,
  means: string,
) => ({
  writer,
  tokens,
  data,
  means,
});

export const EVENTS = {
  "task.submitted": row(
    "gateway",
    ["once"],
    z.object({
      goal: z.string().min(1),
      requestHash: planHash,
      taskType: token.optional(),
      input: jsonObject.optional(),
      context: jsonObject.optional(),
      priority,
      deadline: time,
      budget: budget.optional(),
      policy,
      labels: labels.optional(),
    }),
    "a task was accepted; the first event of every run",
  ),
  "plan.decomposed": row(
    "htdag",
    ["rev"],
    z.object({
      planner: z.object({
        kind: z.enum(["methods", "llm", "fallback"]),
        methods: z.array(z.string()).optional(),
        model: z.string().optional(),
      }),
      steps: z.array(step),
      because: z.string().optional(),
    }),
    "a task DAG; rev counts plan revisions from 0",
  ),
  "plan.routed": row(
    "halo",
    ["rev"],
    z.object({
      rules: z.object({ version: z.string(), hash: z.string() }),
      registryHash: z.string(),
      assignments: z.array(assignment),
      unrouted: z.array(unroutedStep),
    }),
    "every step has an agent, or a reason why not, each with its decision record",
  ),
  "plan.validated": row("aop", ["rev"], verdict, "the plan passed; carries its hash and scores"),
  "plan.rejected": row("aop", ["rev"], verdict.extend({ final: z.boolean() }), "the plan did not pass"),
  "step.dispatched": row(
    "execution",
    ["step", "attempt", "agent", "lane"],
    z.object({
      planHash,
      agent: token,
      taskType: token,
      title: z.string(),
      input: jsonObject,
      results: jsonObject,
      deadline: time,
      timeoutMs,
      effectKey: z.string(),
    }),
    "an agent is asked",
  ),
  "step.completed": row(
    "agents",
    ["step"],
    z.object({
      agent: token,
      attempt: z.int().min(1),
      output: z.unknown(),
      usage: usage.optional(),
      startedAt: time,
      finishedAt: time,
    }),
    "the one accepted result of a step",
  ),
  "step.failed": row(
    "agents",
    ["step", "attempt"],
    z.object({ agent: token, error: errorShape, usage: usage.optional() }),
    "one attempt failed; says whether a retry makes sense",
  ),
  "step.skipped": row(
    "execution",
    ["step"],
    z.object({ reason: z.string(), because: z.string().optional() }),
    "a step will not run, with the reason",
  ),
  "plan.update": row(
    "client",
    ["update"],
    z.object({
      baseRev: z.int().min(0),
      add: z.array(step).optional(),
      remove: z.array(token).optional(),
      rewire: z.unknown().optional(),
      because: z.string(),
      actor,
    }),
    "a request to change the running DAG",
  ),
  "plan.refused": row(
    "htdag",
    ["update"],
    z.object({ error: errorShape, reason: z.string() }),
    "an update was refused, with the reason",
  ),
  "run.signal": row(
    "client",
    ["signal"],
    z.object({
      kind: z.enum(["cancel", "pause", "resume", "approve", "reject", "event"]),
      step: token.optional(),
      actor,
      reason: z.string().max(4096).optional(),
      payload: jsonObject.optional(),
    }),
    "a person or program steers a run",
  ),
  "run.finished": row(
    "execution",
    ["once"],
    z.object({
      outcome: z.enum(["completed", "failed", "rejected", "cancelled", "expired"]),
      through: z.int().min(1),
      result: jsonObject.optional(),
      error: errorShape.optional(),
      counts: z.object({ completed: z.int().min(0), failed: z.int().min(0), skipped: z.int().min(0) }),
      usage,
    }),
    "the one terminal event of a run",
  ),
} as const;

export type EventType = keyof typeof EVENTS;
export type EventData<T extends EventType> = z.infer<(typeof EVENTS)[T]["data"]>;
export const EVENT_TYPES = Object.keys(EVENTS) as EventType[];

/** What makes an event: its type, its place in the run, its cause and its data. Id, time and ids of the run's conversation are added when it is appended. */
export type NewEvent<T extends EventType = EventType> = {
  [K in T]: {
    type: K;
    run: string;
    rev?: number;
    step?: string;
    attempt?: number;
    /** The tokens after the run in its subject. */
    tokens: readonly (string | number)[];
    /** The id of the event that caused this one; empty for what comes from outside. */
    causationId: string;
    data: EventData<K>;
  };
}[T];

/** An event as it stands in the log. */
export type StoredEvent<T extends EventType = EventType> = {
  [K in T]: {
    id: string;
    type: K;
    version: 1;
    run: string;
    rev?: number;
    step?: string;
    attempt?: number;
    causationId: string;
    correlationId: string;
    time: string;
    data: EventData<K>;
    subject: string;
    /** The sequence in the stream. */
    seq: number;
    /** When the broker stored it, in milliseconds since the epoch: the only clock that decisions may use. */
    storedAtMs: number;
    /** The W3C context of the span that published it. */
    traceparent?: string;
    tracestate?: string;
  } & (K extends "step.completed" ? AsStored : unknown);
}[T];

/** The message as it is stored, of a result: others refer to it by size and hash. */
type AsStored = { raw: Uint8Array };
