import type { z } from "zod";
import { GenesisError } from "../contract/errors.ts";
import type { EventData } from "../contract/events.ts";
import type { Usage } from "../contract/plan.ts";
import { token } from "../contract/subjects.ts";
import type { Log } from "../telemetry/logging.ts";

/** What a handler says while it works: a line of text, or fields of its own. Nobody stores it. */
export type ProgressNote = string | Record<string, unknown>;

/** What a step cost. */
export type UsageMeter = {
  /**
   * Adds to what the step cost so far, failed calls too: whole numbers from 0. @throws GenesisError `E_AGENT`, which
   * fails the step for good, for anything else
   */
  add(usage: Usage): void;
};

/** The step that a handler works on, and what it may do meanwhile. */
export type StepContext = {
  readonly run: string;
  readonly step: string;
  /** From 1. The attempt before this one failed, or its agent never answered. */
  readonly attempt: number;
  readonly taskType: string;
  readonly title: string;
  /** The outputs of the steps that this one directly depends on, by step. */
  readonly results: Readonly<Record<string, unknown>>;
  /** The same for every attempt of a step: pass it on as the idempotency key of whatever must happen once. */
  readonly effectKey: string;
  /** Aborts when the result is no longer wanted: the run ended, the step timed out, or this process stops. */
  readonly signal: AbortSignal;
  /** How long an attempt may take from its dispatch on, in milliseconds. */
  readonly timeoutMs: number;
  /** Tells whoever watches the run how far the work is. */
  progress(note: ProgressNote): void;
  readonly usage: UsageMeter;
  /**
   * Runs a part of the work, sync or async, as a span `execute_tool NAME` below the attempt's, with its duration in
   * a histogram. What it returns or throws comes back unchanged. @param name one of few, and of no
   * user's making: it stands in spans
   */
  tool<T>(name: string, fn: () => T): T;
  /** The task that the run began with, read from the log when it is first asked for. */
  task(): Promise<EventData<"task.submitted">>;
  /** The goal of that task. */
  goal(): Promise<string>;
  /** Lines for the operator, with the ids of the step; only fields that `telemetry/names.ts` knows are written. */
  readonly log: Log;
};

/** One task type of an agent, its types worn off. */
export type Task = {
  input: z.ZodType;
  output: z.ZodType;
  handler: (input: never, step: StepContext) => unknown;
};

/** An agent: a name and what it does per task type. */
export type Agent = { name: string; tasks: Readonly<Record<string, Task>> };

type Schemas = Record<string, z.ZodType>;
/**
 * Two views of the same object: from the first come the types of the inputs, from the second those of the outputs.
 */
type Tasks<I extends Schemas, O extends Schemas> = {
  [T in keyof I]: { input: I[T]; handler: (input: z.output<I[T]>, step: StepContext) => unknown };
} & {
  [T in keyof O]: {
    output: O[T];
    handler: (...given: never[]) => z.input<O[T]> | Promise<z.input<O[T]>>;
  };
};

/**
 * Declares an agent. A step's input is checked against `input` before the handler sees it (defaults filled in,
 * unknown fields dropped), what the handler returns against `output` before anybody else does. Handlers may run twice
 * for one step. @throws GenesisError `E_ID` for a name or task type that may not stand in a subject
 */
export function defineAgent<I extends Schemas, O extends Schemas>(agent: {
  name: string;
  tasks: Tasks<I, O>;
}): Agent {
  token(agent.name, "name");
  const types = Object.keys(agent.tasks);
  if (types.length === 0) throw new GenesisError("E_SCHEMA", [{ path: "tasks", rule: "at least one" }]);
  for (const type of types) token(type, "tasks");
  return agent as unknown as Agent;
}
