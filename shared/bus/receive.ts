import { setTimeout as sleep } from "node:timers/promises";
import type { BusContext, Work } from "./context.ts";
import { consume, type SourceSpec } from "./consume.ts";
import type { Delivery } from "./delivery.ts";
import { hold, type Held } from "./held.ts";
import { settleFailure } from "./settle.ts";

/** How the messages of a durable are handled. */
export type Receiver = {
  source: SourceSpec;
  /** Messages of one key are handled in order. */
  keyOf: (delivery: Delivery) => string;
  /** Handles a message and settles it. What it throws is settled as a failure. */
  handle: (delivery: Delivery) => Promise<void>;
};

/** How long what is in hand may take when the process ends, which itself waits 8 s. */
const DRAIN_WITHIN_MS = 7500;
/** How often within the ack wait the broker is told what is still being worked on. */
const HEARTBEATS = 3;

/** Messages on their way. */
export type Reception = {
  work: Work;
  /** Handles a message that came otherwise, when its turn comes. @throws what handling it throws */
  inTurn: (delivery: Delivery) => Promise<void>;
};

/**
 * Takes the messages of a durable, many at a time, and settles every one of them. Each is in hand once, however often it
 * is delivered meanwhile; so what waits here is never more than the durable's `max_ack_pending`, also while nothing can
 * be handled because the storage is away.
 */
export async function receive(ctx: BusContext, { source, keyOf, handle }: Receiver): Promise<Reception> {
  const { turns } = ctx.bus;
  const inHand = new Map<number, Held>();
  let isDraining = false;

  const take = async ({ delivery }: Held): Promise<void> => {
    try {
      if (isDraining) delivery.nak(0);
      else await handle(delivery);
    } catch (error) {
      await settleFailure(ctx, delivery, error);
    } finally {
      inHand.delete(delivery.seq);
    }
  };

  const messages = await consume(ctx, source, (delivery) => {
    const again = inHand.get(delivery.seq);
    if (again !== undefined) return again.renew(delivery);
    const held = hold(delivery);
    inHand.set(delivery.seq, held);
    turns.submit(keyOf(delivery), () => take(held));
  });

  const sayWorking = (): void => {
    // The client keeps what is sent while it is not connected, and there is nobody to hear it.
    if (ctx.bus.isConnected()) for (const { delivery } of inHand.values()) delivery.working();
  };
  const heartbeat = setInterval(sayWorking, messages.ackWaitMs / HEARTBEATS).unref();

  const drain = async (): Promise<void> => {
    isDraining = true;
    messages.stop();
    await Promise.race([turns.idle(), sleep(DRAIN_WITHIN_MS, undefined, { ref: false })]);
    clearInterval(heartbeat);
    for (const { delivery } of inHand.values()) delivery.nak(0);
  };

  const inTurn = (delivery: Delivery) =>
    new Promise<void>((done, failed) =>
      turns.submit(keyOf(delivery), () => handle(delivery).then(done, failed)),
    );

  return { work: { drain, ended: messages.ended }, inTurn };
}
