import { setTimeout as sleep } from "node:timers/promises";
import { GenesisError, asGenesisError } from "../contract/errors.ts";
import type { NewEvent, StoredEvent } from "../contract/events.ts";
import { ACK_WAIT_MS, agentConsumer } from "../contract/streams.ts";
import { LANES, type Lane } from "../contract/subjects.ts";
import { processSpan } from "../telemetry/messaging.ts";
import { attempt, failed, type RunStep, type Stop } from "./attempt.ts";
import { consume, type Source } from "./consume.ts";
import type { BusContext, Work } from "./context.ts";
import type { Delivery } from "./delivery.ts";
import type { StoredMessage } from "./direct-get.ts";
import { eventOf } from "./fact.ts";
import { watchFinishedRuns, type FinishedRuns } from "./finished-runs.ts";
import { lanes, type Lanes } from "./lanes.ts";
import { processedEvent } from "./processed.ts";
import { answerRedrives } from "./redrive.ts";
import { giveUp, settleFailure } from "./settle.ts";

/** An agent, as the broker knows it, and how it does a step. */
export type Worker = {
  name: string;
  /** How many steps it works on at a time in this process. */
  concurrency: number;
  run: RunStep;
};

type Dispatched = StoredEvent<"step.dispatched">;

const HEARTBEAT_MS = ACK_WAIT_MS / 3;
/** A step that came more often than this ended each time the process that had it. */
const MAX_DELIVERIES = 4;
/** After it the steps in hand are told to stop, so that all is settled before the process is gone. */
const DRAIN_WITHIN_MS = 5000;
const MAX_TIMER_MS = 2 ** 31 - 1;
const AGENT_TOKEN = 7;

/**
 * Has agents do the steps that are dispatched to them, those of a higher lane first: look whether the step is still wanted, do it,
 * append its one result or the failure of this attempt, wait for the broker's word, acknowledge.
 */
export async function work(ctx: BusContext, workers: readonly Worker[]): Promise<Work[]> {
  const finished = watchFinishedRuns(ctx.bus);
  const desks = new Map<string, Desk>();
  const works: Work[] = [];
  for (const worker of workers) {
    const desk = openDesk(ctx, worker, finished);
    desks.set(worker.name, desk);
    works.push(await takeFromLanes(ctx, worker, desk));
  }
  const deskOf = (message: StoredMessage) => desks.get(message.subject.split(".")[AGENT_TOKEN] ?? "");
  const redrives = answerRedrives(ctx, {
    stream: "log",
    accepts: (message) => deskOf(message) !== undefined,
    handle: (delivery) => deskOf(delivery)!.handle(delivery),
  });
  return [...works, redrives, { drain: async () => finished.close(), ended: new Promise(() => {}) }];
}

/** Where one agent works: how many steps at a time, and whether it is told to stop. */
type Desk = { lanes: Lanes; stopping: AbortController; handle: (delivery: Delivery) => Promise<void> };

function openDesk(ctx: BusContext, { concurrency, run }: Worker, finished: FinishedRuns): Desk {
  const stopping = new AbortController();
  const handle = (delivery: Delivery) =>
    handleStep(ctx, { run, finished, stopping: stopping.signal }, delivery);
  return { lanes: lanes(concurrency), stopping, handle };
}

async function takeFromLanes(ctx: BusContext, worker: Worker, desk: Desk): Promise<Work> {
  const take = async (delivery: Delivery, heartbeat: NodeJS.Timeout): Promise<void> => {
    try {
      if (desk.stopping.signal.aborted) delivery.nak(0);
      else await desk.handle(delivery);
    } catch (error) {
      await settleFailure(ctx, delivery, error);
    } finally {
      clearInterval(heartbeat);
    }
  };
  const takeFrom = (lane: Lane): Promise<Source> =>
    consume(
      ctx,
      { stream: "log", durable: agentConsumer(worker.name, lane), batch: worker.concurrency },
      (delivery) => {
        // It is kept from the moment it arrives, also while it waits for its turn.
        const heartbeat = setInterval(() => delivery.working(), HEARTBEAT_MS);
        desk.lanes.submit(lane, () => take(delivery, heartbeat));
      },
    );
  const sources = await Promise.all(LANES.map(takeFrom));
  return {
    ended: Promise.race(sources.map(({ ended }) => ended)),
    drain: async () => {
      for (const source of sources) source.stop();
      await Promise.race([desk.lanes.idle(), sleep(DRAIN_WITHIN_MS, undefined, { ref: false })]);
      desk.stopping.abort("drain" satisfies Stop);
      await desk.lanes.idle();
    },
  };
}

type Means = { run: RunStep; finished: FinishedRuns; stopping: AbortSignal };

async function handleStep(ctx: BusContext, means: Means, delivery: Delivery): Promise<void> {
  const { bus } = ctx;
  let event: Dispatched;
  try {
    event = eventOf(bus.subjects, delivery) as Dispatched;
  } catch (error) {
    return giveUp(ctx, delivery, asGenesisError(error));
  }
  const stop = new AbortController();
  const abort = (reason: Stop) => () => stop.abort(reason);
  const dueInMs = event.storedAtMs + event.data.timeoutMs - Date.now();
  const timer = setTimeout(abort("timeout"), Math.min(dueInMs, MAX_TIMER_MS));
  const unwatch = means.finished.watch(event.run, abort("finished"));
  const signal = AbortSignal.any([stop.signal, means.stopping]);
  try {
    await processSpan(processedEvent(bus, delivery, { event, task: undefined }), [], () =>
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
  if (fact !== undefined) await append(ctx, event, fact);
  delivery.ack();
}

/** Whether nobody waits for this attempt any more: its run is over, or its step or the attempt itself has its end in the log. */
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
    if (outcome.kind === "superseded")
      ctx.log.info({ event: "late_result" }, "another result stands already");
  } catch (thrown) {
    const error = asGenesisError(thrown);
    if (error.code !== "E_TOO_LARGE" || event.type === "step.failed") throw error;
    await append(ctx, dispatched, failed(dispatched, { error: error.toJSON() }));
  }
}
