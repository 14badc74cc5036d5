import { GenesisError, asGenesisError } from "../contract/errors.ts";
import type { EventData, StoredEvent } from "../contract/events.ts";
import type { Bus } from "./connect.ts";
import { tellProgress } from "./progress.ts";
import { failure, resultOf, type Result, type StepOutcome } from "./result.ts";
import { resolveResults } from "./results.ts";
import { whileWanted } from "./while-wanted.ts";

/** A step that was given to an agent, and what its handler may reach from there. */
export type StepAtHand = {
  event: StoredEvent<"step.dispatched">;
  /** As in the event, references replaced by the outputs that they name. */
  results: Record<string, unknown>;
  /** Aborts when the result is no longer wanted: the run ended, the step timed out, or this process stops. */
  signal: AbortSignal;
  progress: (note: string | Record<string, unknown>) => void;
  /** The task that the run began with. */
  readTask: () => Promise<EventData<"task.submitted">>;
};

/**
 * Does a step; nothing, when it was given up, which `orGivenUp` sees to: whoever runs what may not listen to the signal
 * has to use it. Whatever goes wrong with the step is an outcome.
 * @throws GenesisError `E_STORAGE` alone, when the broker does not answer it
 */
export type RunStep = (step: StepAtHand) => Promise<StepOutcome | undefined>;

/** Why a step in hand was told to stop. */
export type Stop = "finished" | "timeout" | "drain";

/** No timer of Node goes further, and no step should. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * How long an attempt may still take, in milliseconds, by the broker's clock. Only asked of an attempt that execution
 * has not given up yet; so one that seems to be over says that the clock is wrong, and is given its full time.
 */
export function timeLeftMs({ storedAtMs, data }: StoredEvent<"step.dispatched">, nowMs: number): number {
  const leftMs = storedAtMs + data.timeoutMs - nowMs;
  return Math.min(leftMs > 0 ? leftMs : data.timeoutMs, data.timeoutMs, LONGEST_MS);
}

/** How long a handler that was told to stop may take to do so. After that nobody waits for it. */
const STOP_WITHIN_MS = 2000;

/**
 * Has an agent do one attempt, and says what to append about it; nothing when nobody wants to know any more. A step that
 * is completed although it was told to stop for its time or for the process's end is paid for, and stays completed.
 * @throws GenesisError `E_STORAGE` when what the step needs cannot be read
 */
export async function attempt(
  bus: Bus,
  run: RunStep,
  { event, signal }: { event: StoredEvent<"step.dispatched">; signal: AbortSignal },
): Promise<Result | undefined> {
  const startedAt = new Date().toISOString();
  const outcome = signal.aborted ? undefined : await outcomeOf(bus, run, { event, signal });
  const stop = signal.aborted ? (signal.reason as Stop) : undefined;
  if (stop === "finished") return undefined;
  const isStopped = outcome === undefined || "failed" in outcome;
  if (isStopped && stop === "drain") return undefined;
  if (isStopped && stop === "timeout") return failure(bus.subjects, event, new GenesisError("E_TIMEOUT"));
  return outcome && resultOf(bus.subjects, event, { outcome, startedAt });
}

async function outcomeOf(
  bus: Bus,
  run: RunStep,
  { event, signal }: { event: StoredEvent<"step.dispatched">; signal: AbortSignal },
): Promise<StepOutcome | undefined> {
  try {
    const results = await whileWanted(bus, signal, () => resolveResults(bus, event));
    const step: StepAtHand = {
      event,
      results,
      signal,
      progress: (note) =>
        tellProgress(bus, { run: event.run, step: event.step!, attempt: event.attempt!, note }),
      readTask: () => whileWanted(bus, signal, () => readTask(bus, event.run)),
    };
    return await run(step);
  } catch (thrown) {
    const error = asGenesisError(thrown);
    // What a step that is told to stop could not read is no news.
    if (error.code === "E_STORAGE" && signal.aborted) return undefined;
    if (error.code === "E_STORAGE") throw error;
    return { failed: { error: error.toJSON() } };
  }
}

/**
 * What the work comes to; undefined where it was told to stop and did not do so within 2 s. It may go on then, and
 * nobody waits for it.
 */
export function orGivenUp<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const givenUp = new Promise<undefined>((resolve) => {
    const wait = (): void => void setTimeout(() => resolve(undefined), STOP_WITHIN_MS).unref();
    if (signal.aborted) wait();
    else signal.addEventListener("abort", wait, { once: true });
  });
  return Promise.race([work, givenUp]);
}

async function readTask({ log, subjects }: Bus, run: string): Promise<EventData<"task.submitted">> {
  const fact = await log.read(subjects.fact("task.submitted", run, "once"));
  if (fact?.event?.type !== "task.submitted")
    throw new GenesisError("E_SCHEMA", [{ path: "task.submitted", rule: "readable" }]);
  return fact.event.data;
}
