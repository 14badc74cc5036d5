import { setTimeout as sleep } from "node:timers/promises";
import { GenesisError } from "../contract/errors.ts";
import { ACK_WAIT_MS, agentConsumer } from "../contract/streams.ts";
import { LANES, type Lane } from "../contract/subjects.ts";
import type { RunStep, Stop } from "./attempt.ts";
import { openBrokerClock } from "./broker-clock.ts";
import { watchDurable } from "./broker-gauges.ts";
import type { Bus } from "./connect.ts";
import type { BusContext, Work } from "./context.ts";
import type { Delivery } from "./delivery.ts";
import type { StoredMessage } from "./direct-get.ts";
import { watchFinishedRuns } from "./finished-runs.ts";
import { handleStep } from "./handle-step.ts";
import { hold, type Held } from "./held.ts";
import { lanes } from "./lanes.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { pull, type PullEnd } from "./pull.ts";
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
  const clock = await openBrokerClock(ctx.bus);
  const finished = watchFinishedRuns(ctx.bus);
  const suspects = oneAtATime();
  const desks = new Map(
    workers.map(({ name, concurrency, run }) => {
      const stopping = new AbortController();
      const handle = (delivery: Delivery) =>
        handleStep(ctx, { run, finished, clock, suspects, stopping: stopping.signal }, delivery);
      return [name, takeSteps(ctx, { name, places: concurrency, stopping, handle })];
    }),
  );
  const deskOf = ({ subject }: StoredMessage) => desks.get(ctx.bus.subjects.agentOf(subject) ?? "");
  const redrives = answerRedrives(ctx, {
    stream: "log",
    durableOf: (message) => deskOf(message) && durableOf(ctx.bus, message),
    handle: (delivery) => deskOf(delivery)!.takeAgain(delivery),
  });
  return [...desks.values(), redrives, { drain: async () => finished.close(), ended: new Promise(() => {}) }];
}

/** The durable of an agent and its lane, both as the subject of a dispatch names them. @throws GenesisError `E_ID` */
function durableOf({ subjects }: Bus, { subject }: StoredMessage): string {
  const [, , agent = "", lane] = subjects.parse(subject).rest;
  return agentConsumer(agent, lane as Lane);
}

/** Where one agent works: at how many places, and whether it is told to stop. */
type Desk = {
  name: string;
  places: number;
  stopping: AbortController;
  handle: (delivery: Delivery) => Promise<void>;
};

/** An agent at work. */
type Working = Work & {
  /** Does a step that came otherwise, unless it is in hand. @throws GenesisError `E_OVERLOAD` when there is no place for it */
  takeAgain: (delivery: Delivery) => Promise<void>;
};

function takeSteps(ctx: BusContext, { name, places, stopping, handle }: Desk): Working {
  const { bus } = ctx;
  const inHand = new Map<number, Held>();

  const take = async (
    delivery: Delivery,
    onError: (held: Delivery, error: unknown) => Promise<void> | void,
  ): Promise<void> => {
    const held = hold(delivery);
    const heartbeat = setInterval(() => held.delivery.working(), HEARTBEAT_MS);
    inHand.set(delivery.seq, held);
    try {
      await handle(held.delivery);
    } catch (error) {
      await onError(held.delivery, error);
    } finally {
      inHand.delete(delivery.seq);
      clearInterval(heartbeat);
    }
  };
  const settle = (delivery: Delivery, error: unknown) => settleFailure(ctx, delivery, error);

  const onDelivery = (delivery: Delivery): void => {
    const held = inHand.get(delivery.seq);
    if (held !== undefined) held.renew(delivery);
    // It was on its way when the last place was taken.
    else if (!desk.start(() => take(delivery, settle))) delivery.nak(0);
  };

  const takeAgain = async (delivery: Delivery): Promise<void> => {
    if (inHand.has(delivery.seq)) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const hasPlace = desk.start(() => take(delivery, (_, error) => reject(error)).then(resolve));
    if (!hasPlace) throw new GenesisError("E_OVERLOAD", [{ path: "agent", rule: "a free place" }]);
    return promise;
  };

  const ask = (lane: Lane, batch: number, onEnd: (end: PullEnd) => void) => {
    const durable = agentConsumer(name, lane);
    return pull(bus, {
      durable,
      batch,
      onDelivery,
      onEnd: (end) => {
        // Of a broker that is away the connection tells already.
        if (end === "lost" && bus.isConnected())
          ctx.log.warn({ event: "consumer_lost", consumer: durable }, "binding to the consumer again");
        onEnd(end);
      },
    });
  };
  const desk = lanes({ places, ask });
  for (const lane of LANES) watchDurable(bus, { stream: "log", durable: agentConsumer(name, lane) });
  desk.open();
  return {
    takeAgain,
    ended: bus.closed.then((error) => {
      desk.close();
      if (!stopping.signal.aborted) throw error ?? new Error("the connection is closed");
    }),
    drain: async () => {
      desk.close();
      await Promise.race([desk.idle(), sleep(DRAIN_WITHIN_MS, undefined, { ref: false })]);
      stopping.abort("drain" satisfies Stop);
      await desk.idle();
    },
  };
}
