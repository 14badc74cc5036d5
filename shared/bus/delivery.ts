import type { JsMsg } from "@nats-io/jetstream";
import type { Msg } from "@nats-io/nats-core";
import { millisecondsOf, type StoredMessage } from "./direct-get.ts";
import { headerBlockOf } from "./header-block.ts";

/** A stored message that a durable consumer handed over, and the ways to be done with it. */
export type Delivery = StoredMessage & {
  consumer: string;
  /** 1 for the first delivery. */
  deliveryCount: number;
  /** It is handled. */
  ack: () => void;
  /** It shall come again after this many milliseconds, here or at another instance. */
  nak: (delayMs: number) => void;
  /** It shall never come again; the broker tells whoever listens. */
  term: (reason: string) => void;
  /** It is still being worked on. */
  working: () => void;
};

/** A message of a consumer as a delivery; never throws. */
export function deliveryOf(message: JsMsg): Delivery {
  const { msg } = message as unknown as { msg: Msg };
  const { values, isWellFormed } = headerBlockOf(msg);
  const { stream, consumer, deliveryCount, streamSequence } = message.info;
  const storedAtNs = String(message.timestampNanos);
  return {
    stream,
    subject: message.subject,
    seq: streamSequence,
    storedAtNs,
    storedAtMs: millisecondsOf(storedAtNs),
    headers: values,
    isWellFormed,
    bytes: message.data,
    consumer,
    deliveryCount,
    ack: () => message.ack(),
    nak: (delayMs) => message.nak(delayMs),
    term: (reason) => message.term(reason),
    working: () => message.working(),
  };
}
