import { GenesisError, asGenesisError } from "../contract/errors.ts";
import type { NewEvent, StoredEvent } from "../contract/events.ts";
import { processSpan } from "../telemetry/messaging.ts";
import { record } from "../telemetry/metrics.ts";
import { attempt, failed, timeLeftMs, type RunStep, type Stop } from "./attempt.ts";
import type { BusContext } from "./context.ts";
import type { Delivery } from "./delivery.ts";
import { eventOf } from "./fact.ts";
import type { FinishedRuns } from "./finished-runs.ts";
import { processedEvent } from "./processed.ts";
import { giveUp, isPassing } from "./settle.ts";

type Dispatched = StoredEvent<"step.dispatched">;

/** What a step is done with. */
export type Means = {
  run: RunStep;
  finished: FinishedRuns;
  /** Aborts with `drain` when this process stops. */
  stopping: AbortSignal;
};

/** A step that came more often than this ended each time the process that had it. */
const MAX_DELIVERIES = 4;

/**
 * Handles one dispatch: looks whether it is still wanted, has it done, appends what came of it, settles the message.
 * @throws GenesisError `E_STORAGE` when the broker does not let it; the message is then still to be settled
 */
export async function handleStep(ctx: BusContext, means: Means, delivery: Delivery): Promise<void> {
  const { bus } = ctx;
  let event: Dispatched;
  try {
    event = eventOf(bus.subjects, delivery) as Dispatched;
  } catch (error) {
    return giveUp(ctx, delivery, asGenesisError(error));
  }
  const stop = new AbortController();
  const abort = (reason: Stop) => () => stop.abort(reason);
  const timer = setTimeout(abort("timeout"), timeLeftMs(event, Date.now()));
  const unwatch = means.finished.watch(event.run, abort("finished"));
  const signal = AbortSignal.any([stop.signal, means.stopping]);
  try {
    await processSpan(processedEvent(bus, delivery, { event, task: undefined }), () =>
      doStep(ctx, { run: means.run, signal }, { delivery, event }),
    );
  } finally {
    clearTimeout(timer);
    unwatch();
  }
}

async function doStep(
  ctx: BusContext,
  { run, signal }: { run: RunStep; signal: AbortSignal },
  { delivery, event }: { delivery: Delivery; event: Dispatched },
): Promise<void> {
  if (await isSettled(ctx, event)) return delivery.ack();
  if (delivery.deliveryCount > MAX_DELIVERIES) {
    const poison = new GenesisError("E_POISON");
    await append(ctx, event, failed(event, { error: poison.toJSON() }));
    return giveUp(ctx, delivery, poison);
  }
  const fact = await attempt(ctx.bus, run, { event, signal });
  if (fact === undefined && signal.reason === ("drain" satisfies Stop)) return delivery.nak(0);
  if (fact !== undefined) await keep(ctx, fact, { event, signal });
  delivery.ack();
}

/**
 * Appends what came of a step; while it is wanted and the broker cannot store it, again: no step is done twice for
 * that.
 */
async function keep(
  ctx: BusContext,
  fact: NewEvent,
  { event, signal }: { event: Dispatched; signal: AbortSignal },
): Promise<void> {
  for (;;) {
    try {
      return await append(ctx, event, fact);
    } catch (error) {
      if (signal.aborted || !isPassing(asGenesisError(error))) throw error;
    }
  }
}

/**
 * Whether nobody waits for this attempt any more: its run is over, or its step or the attempt itself has its end in
 * the log.
 */
async function isSettled(
  { bus }: BusContext,
  { run, step = "", attempt: number = 1 }: Dispatched,
): Promise<boolean> {
  const { log, subjects } = bus;
  const ends = await log.readLast([
    subjects.fact("run.finished", run, "once"),
    subjects.fact("step.completed", run, step),
    subjects.fact("step.skipped", run, step),
    subjects.fact("step.failed", run, step, number),
  ]);
  return ends.length > 0;
}

async function append(ctx: BusContext, dispatched: Dispatched, event: NewEvent): Promise<void> {
  const { correlationId } = dispatched;
  try {
    const outcome = await ctx.bus.log.append({ event, expect: "subject" }, { correlationId });
    if (outcome.kind === "stored" && outcome.again) record("effectDuplicates", { kind: "same" });
    if (outcome.kind !== "superseded") return;
    record("effectDuplicates", { kind: "late" });
    ctx.log.info({ event: "late_result" }, "another result stands already");
  } catch (thrown) {
    const error = asGenesisError(thrown);
    if (error.code !== "E_TOO_LARGE" || event.type === "step.failed") throw error;
    await append(ctx, dispatched, failed(dispatched, { error: error.toJSON() }));
  }
}
