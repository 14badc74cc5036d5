import { setTimeout as sleep } from "node:timers/promises";
import { ACK_WAIT_MS, agentConsumer } from "../contract/streams.ts";
import { LANES, type Lane } from "../contract/subjects.ts";
import type { RunStep, Stop } from "./attempt.ts";
import { consume, type Source } from "./consume.ts";
import type { BusContext, Work } from "./context.ts";
import type { Delivery } from "./delivery.ts";
import type { StoredMessage } from "./direct-get.ts";
import { watchFinishedRuns, type FinishedRuns } from "./finished-runs.ts";
import { handleStep } from "./handle-step.ts";
import { lanes, type Lanes } from "./lanes.ts";
import { answerRedrives } from "./redrive.ts";
import { settleFailure } from "./settle.ts";

/** An agent, as the broker knows it, and how it does a step. */
export type Worker = {
  name: string;
  /** How many steps it works on at a time in this process. */
  concurrency: number;
  run: RunStep;
};

const HEARTBEAT_MS = ACK_WAIT_MS / 3;
/** After it the steps in hand are told to stop, so that all is settled before the process is gone. */
const DRAIN_WITHIN_MS = 5000;

/**
 * Has agents do the steps that are dispatched to them, those of a higher lane first: look whether the step is still
 * wanted, do it, append its one result or the failure of this attempt, wait for the broker's word, acknowledge.
 */
export async function work(ctx: BusContext, workers: readonly Worker[]): Promise<Work[]> {
  const finished = watchFinishedRuns(ctx.bus);
  const desks = new Map(workers.map((worker) => [worker.name, openDesk(ctx, worker, finished)]));
  const works = await Promise.all(
    workers.map((worker) => takeFromLanes(ctx, worker, desks.get(worker.name)!)),
  );
  const deskOf = ({ subject }: StoredMessage) => desks.get(ctx.bus.subjects.agentOf(subject) ?? "");
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
  const inHand = new Map<number, Held>();

  const take = async (held: Held): Promise<void> => {
    try {
      if (desk.stopping.signal.aborted) held.delivery.nak(0);
      else await desk.handle(held.delivery);
    } catch (error) {
      await settleFailure(ctx, held.delivery, error);
    } finally {
      inHand.delete(held.delivery.seq);
      clearInterval(held.heartbeat);
    }
  };

  const takeFrom = (lane: Lane): Promise<Source> => {
    const source = {
      stream: "log",
      durable: agentConsumer(worker.name, lane),
      batch: worker.concurrency,
    } as const;
    return consume(ctx, source, (delivery) => {
      const again = inHand.get(delivery.seq);
      if (again !== undefined) return again.renew(delivery);
      const held = hold(delivery);
      inHand.set(delivery.seq, held);
      desk.lanes.submit(lane, () => take(held));
    });
  };

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

/** A step that is in hand or waits for its turn. */
type Held = {
  delivery: Delivery;
  heartbeat: NodeJS.Timeout;
  /**
   * Takes note that it was delivered again, as a broker does that was killed: it is settled as that, and not done
   * twice at once.
   */
  renew: (delivery: Delivery) => void;
};

function hold(first: Delivery): Held {
  let latest = first;
  const delivery: Delivery = {
    ...first,
    ack: () => latest.ack(),
    nak: (delayMs) => latest.nak(delayMs),
    term: (reason) => latest.term(reason),
    working: () => latest.working(),
  };
  return {
    delivery,
    heartbeat: setInterval(() => delivery.working(), HEARTBEAT_MS),
    renew: (again) => {
      latest = again;
    },
  };
}
