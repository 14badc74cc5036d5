import { GenesisError, asGenesisError, type ErrorCode } from "../contract/errors.ts";
import type { NewEvent, StoredEvent } from "../contract/events.ts";
import { linkAttempts } from "../telemetry/links.ts";
import { processSpan } from "../telemetry/messaging.ts";
import { record } from "../telemetry/metrics.ts";
import { attempt, timeLeftMs, type RunStep, type Stop } from "./attempt.ts";
import type { BrokerClock } from "./broker-clock.ts";
import { claim, earlierClaims } from "./claims.ts";
import type { BusContext } from "./context.ts";
import type { Delivery } from "./delivery.ts";
import { eventOf } from "./fact.ts";
import type { FinishedRuns } from "./finished-runs.ts";
import type { Turns } from "./one-at-a-time.ts";
import { processedEvent } from "./processed.ts";
import { failure, type Result } from "./result.ts";
import { giveUp } from "./settle.ts";
import { whileWanted } from "./while-wanted.ts";

type Dispatched = StoredEvent<"step.dispatched">;

/** What a step is done with. */
export type Means = {
  run: RunStep;
  finished: FinishedRuns;
  /** The attempt's time began by it, when its dispatch was stored. */
  clock: BrokerClock;
  /** Aborts with `drain` when this process stops. */
  stopping: AbortSignal;
  /** The turns of those that a process died over, one at a time in this process. */
  suspects: Turns;
};

/**
 * A step that ended this many processes while they had a claim on it ends no more. One more died over its first delivery,
 * which makes no claim: three in all, or the broker lost a delivery.
 */
const MAX_DEATHS = 2;

/**
 * Handles one dispatch: looks whether it is still wanted, has it done, appends what came of it, settles the message.
 * @throws GenesisError `E_STORAGE` when the broker does not let it for as long as the step is wanted; the message is
 * then still to be settled
 */
export async function handleStep(ctx: BusContext, means: Means, delivery: Delivery): Promise<void> {
  const { bus } = ctx;
  let event: Dispatched;
  try {
    event = eventOf(bus.subjects, delivery) as Dispatched;
  } catch (error) {
    // Execution is handed it too, and writes its dead letter.
    return delivery.term(asGenesisError(error).code);
  }
  const stop = new AbortController();
  const abort = (reason: Stop) => () => stop.abort(reason);
  const timer = setTimeout(abort("timeout"), timeLeftMs(event, means.clock()));
  const unwatch = means.finished.watch(event.run, abort("finished"));
  const unlisten = listen(means.stopping, abort("drain"));
  try {
    await processSpan(processedEvent(bus, delivery, { event, task: undefined }), () =>
      doStep(ctx, { run: means.run, suspects: means.suspects, signal: stop.signal }, { delivery, event }),
    );
  } finally {
    clearTimeout(timer);
    unwatch();
    unlisten();
  }
}

/**
 * Listens to a signal that lives as long as the process. Returns how to stop, without which every step would leave
 * something behind at it; `AbortSignal.any` does.
 */
function listen(signal: AbortSignal, onAbort: () => void): () => void {
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort);
  return () => signal.removeEventListener("abort", onAbort);
}

/** What an agent fails without a word of its handler. */
const UNTOLD = new Set<ErrorCode>(["E_TIMEOUT", "E_POISON", "E_TOO_LARGE"]);

function tellFailure({ log }: BusContext, event: NewEvent): void {
  if (event.type !== "step.failed" || !UNTOLD.has(event.data.error.code)) return;
  log.warn({ event: "step_failed", code: event.data.error.code }, "the attempt was given up");
}

type Step = { delivery: Delivery; event: Dispatched };
type HowToRun = { run: RunStep; suspects: Turns; signal: AbortSignal };

async function doStep(ctx: BusContext, how: HowToRun, { delivery, event }: Step): Promise<void> {
  const { bus } = ctx;
  const { suspects, signal } = how;
  if (await whileWanted(bus, signal, () => isSettled(ctx, event))) return delivery.ack();
  const { deaths, givenBack } = await earlierClaims(bus, event, delivery.deliveryCount);
  linkAttempts(givenBack);
  if (deaths >= MAX_DEATHS) {
    const poison = new GenesisError("E_POISON");
    await append(ctx, event, failure(bus.subjects, event, poison));
    return giveUp(ctx, delivery, poison);
  }
  // Those that were at work when a process died come back together. One after the other, each answers for itself.
  const leave = deaths > 0 ? await suspects(signal) : undefined;
  try {
    const release = await claim(bus, event, delivery.deliveryCount);
    let isOver = true;
    try {
      isOver = await attemptOnce(ctx, how, event);
    } finally {
      // Before the message is settled: whoever gets it next looks at the claims at once.
      await release(isOver ? "finished" : "given back");
    }
    if (isOver) delivery.ack();
    else delivery.nak(0);
  } finally {
    leave?.();
  }
}

/** Has a step done and keeps what came of it. False when this process stops before anything did. */
async function attemptOnce(ctx: BusContext, { run, signal }: HowToRun, event: Dispatched): Promise<boolean> {
  const result = await attempt(ctx.bus, run, { event, signal });
  if (result === undefined) return signal.reason !== ("drain" satisfies Stop);
  // Again while the broker cannot store it: no step is done twice for that.
  await whileWanted(ctx.bus, signal, () => append(ctx, event, result));
  return true;
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

async function append(
  ctx: BusContext,
  { correlationId }: Dispatched,
  { event, message }: Result,
): Promise<void> {
  const outcome = await ctx.bus.log.append({ event, expect: "subject" }, { correlationId, encoded: message });
  if (outcome.kind === "stored" && outcome.again) record("effectDuplicates", { kind: "same" });
  if (outcome.kind === "stored" && !outcome.again) tellFailure(ctx, event);
  if (outcome.kind !== "superseded") return;
  record("effectDuplicates", { kind: "late" });
  ctx.log.info({ event: "late_result" }, "another result stands already");
}
