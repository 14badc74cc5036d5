import type { ConsumerMessages } from "@nats-io/jetstream";
import { millis } from "@nats-io/nats-core";
import { setTimeout as sleep } from "node:timers/promises";
import type { StreamName } from "../contract/streams.ts";
import { watchDurable } from "./broker-gauges.ts";
import type { BusContext } from "./context.ts";
import { deliveryOf, type Delivery } from "./delivery.ts";

/** Messages of a durable consumer, taken until told to stop. */
export type Source = {
  stop: () => void;
  /** Settles once nothing comes any more; with an error when the connection is closed for good. */
  ended: Promise<void>;
  /** After this time, in milliseconds, the broker delivers again what nobody settled or said to be working on. */
  ackWaitMs: number;
};

/** Which durable to take from, and how many messages to ask for at a time. */
export type SourceSpec = { stream: StreamName; durable: string; batch: number };

/**
 * A pull that the broker forgot, as it does when it is restarted, is noticed after two of the heartbeats that it
 * owes.
 */
const HEARTBEAT_MS = 1000;
const EXPIRES_MS = 5000;
const BIND_AGAIN_MS = 1000;

/**
 * Takes messages from a durable and hands each to `onDelivery`, which must not throw or wait. How many are out at a
 * time is the durable's `max_ack_pending`; nothing is held back here, since a pull that is not renewed would look
 * like a broker that died. @throws the broker's error when the durable does not exist
 */
export async function consume(
  ctx: BusContext,
  { stream, durable, batch }: SourceSpec,
  onDelivery: (delivery: Delivery) => void,
): Promise<Source> {
  const { bus, log } = ctx;
  let isStopped = false;
  let ackWaitMs = 0;
  const open = async (): Promise<ConsumerMessages> => {
    const consumer = await bus.js.consumers.get(bus.names[stream], durable);
    const { config } = await consumer.info(true);
    ackWaitMs = millis(config.ack_wait ?? 0);
    return consumer.consume({
      max_messages: batch,
      expires: EXPIRES_MS,
      idle_heartbeat: HEARTBEAT_MS,
      // Without it every missed heartbeat asks for the consumer first, and a broker that just came back is asked
      // again only after 5 s.
      bind: true,
      callback: (message) => onDelivery(deliveryOf(message)),
    });
  };
  let messages = await open();
  watchDurable(bus, { stream, durable });

  const goOn = async (): Promise<void> => {
    for (;;) {
      const error = await messages.closed();
      if (isStopped) return;
      if (bus.nc.isClosed()) throw error ?? new Error("the connection is closed");
      log.warn({ event: "consumer_lost", consumer: durable, err: error }, "binding to the consumer again");
      await sleep(BIND_AGAIN_MS);
      messages = await open().catch(() => messages);
      if (isStopped) messages.stop();
    }
  };

  return {
    stop: () => {
      isStopped = true;
      messages.stop();
    },
    ended: goOn(),
    ackWaitMs,
  };
}
