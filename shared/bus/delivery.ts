import type { JsMsg } from "@nats-io/jetstream";
import type { Msg } from "@nats-io/nats-core";
import { millisecondsOf, type StoredMessage } from "./direct-get.ts";
import { headerBlockOf } from "./header-block.ts";

/** A stored message that a durable consumer handed over, and the ways to be done with it. */
export type Delivery = StoredMessage & {
  consumer: string;
  /** 1 for the first delivery. */
  deliveryCount: number;
  /** Whether somebody asked for it to be handled again, and no consumer handed it over. */
  isRedriven?: boolean;
  /** It is handled. */
  ack: () => void;
  /** It shall come again after this many milliseconds, here or at another instance. */
  nak: (delayMs: number) => void;
  /** It shall never come again; the broker tells whoever listens. */
  term: (reason: string) => void;
  /** It is still being worked on. */
  working: () => void;
};

const NS_PER_MS = 1e6;

/** A message of a consumer of the client library as a delivery; never throws. */
export function deliveryOf(message: JsMsg): Delivery {
  return deliveryIn((message as unknown as { msg: Msg }).msg);
}

/** A message that a consumer handed over as a delivery; never throws. */
export function deliveryIn(message: Msg): Delivery {
  const { values, isWellFormed } = headerBlockOf(message);
  const [stream = "", consumer = "", deliveryCount, seq, , storedAtNs = "0"] = placeIn(message.reply ?? "");
  let isSettled = false;
  const settle = (word: string): void => {
    if (!isSettled) message.respond(word);
    isSettled = true;
  };
  return {
    stream,
    subject: message.subject,
    seq: Number(seq),
    storedAtNs,
    storedAtMs: millisecondsOf(storedAtNs),
    headers: values,
    isWellFormed,
    bytes: message.data,
    consumer,
    deliveryCount: Number(deliveryCount),
    ack: () => settle("+ACK"),
    nak: (delayMs) => settle(delayMs > 0 ? `-NAK {"delay":${delayMs * NS_PER_MS}}` : "-NAK"),
    term: (reason) => settle(`+TERM ${reason}`),
    working: () => {
      if (!isSettled) message.respond("+WPI");
    },
  };
}

/**
 * Stream, consumer, delivery count, sequence in the stream, sequence of deliveries, time in nanoseconds: what the
 * subject for the answer says, after `$JS.ACK` and, from some brokers on, a domain and the hash of an account.
 */
function placeIn(reply: string): string[] {
  const tokens = reply.split(".");
  return tokens.slice(tokens.length === 9 ? 2 : 4);
}
