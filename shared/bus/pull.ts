import { createInbox, nanos, type Msg } from "@nats-io/nats-core";
import type { Bus } from "./connect.ts";
import { deliveryIn, type Delivery } from "./delivery.ts";
import { headerBlockOf } from "./header-block.ts";

/** What a pull asks for, and who is told of it. */
export type PullSpec = {
  durable: string;
  /** At most so many messages. */
  batch: number;
  /** Must not throw. Is also called for what was on its way already when the pull was cancelled. */
  onDelivery: (delivery: Delivery) => void;
  /** Called once, unless it is cancelled: when it brought all that was asked for, is over, or the broker is gone. */
  onEnd: (end: PullEnd) => void;
};

/** `lost`: the broker, or the consumer on it, is not there, so that there is no point in asking again at once. */
export type PullEnd = "complete" | "expired" | "lost";

/** Messages that were asked for. */
export type Pull = {
  /** How many may still come. */
  left: () => number;
  /** Resolves when the broker has handed over what it has at once. */
  answered: Promise<void>;
  /** Takes the request back. */
  cancel: () => void;
};

const HEARTBEAT_MS = 1000;
const EXPIRES_MS = 5000;
/** A request that the broker forgot, as it does when it is restarted, is noticed after two heartbeats that it owes. */
const SILENT_MS = 2 * HEARTBEAT_MS + 250;
/**
 * A durable whose messages are all out does not answer before one of them comes back, so whoever asks another lane after it
 * waits for so long at most. A broker that takes longer to answer may hand over a lower lane's message first.
 */
const ANSWERS_WITHIN_MS = 150;
const IDLE_HEARTBEAT = 100;
const NO_MESSAGES = 404;
const TIMED_OUT = 408;

/**
 * Asks a durable of the log for what it has at once, and then for what comes. The client library's own pulls drop what is
 * on its way when they are stopped, and the broker would hold that back for the whole ack wait.
 */
export function pull({ nc, names }: Bus, { durable, batch, onDelivery, onEnd }: PullSpec): Pull {
  const inbox = createInbox();
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  let left = batch;
  let isOver = false;
  let waits = false;

  const close = (): void => {
    isOver = true;
    clearTimeout(silence);
    clearTimeout(patience);
    answer();
    // Rejects only when the connection is closed, and then there is nothing left to take back.
    subscription?.drain().catch(() => {});
  };
  const end = (how: PullEnd): void => {
    if (isOver) return;
    close();
    onEnd(how);
  };
  const request = (how: { no_wait: true } | { expires: number; idle_heartbeat: number }): void =>
    nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${names.log}.${durable}`, JSON.stringify({ batch: left, ...how }), {
      reply: inbox,
    });
  const wait = (): void => {
    waits = true;
    answer();
    request({ expires: nanos(EXPIRES_MS), idle_heartbeat: nanos(HEARTBEAT_MS) });
  };
  const hear = (status: number): void => {
    if (status === IDLE_HEARTBEAT || isOver) return;
    const isEmpty = status === NO_MESSAGES || status === TIMED_OUT;
    if (isEmpty && !waits) wait();
    else end(isEmpty ? "expired" : "lost");
  };
  const take = (message: Msg): void => {
    left--;
    onDelivery(deliveryIn(message));
    if (left === 0) end("complete");
  };

  // What was asked for at once is owed no heartbeat.
  const silence = setTimeout(() => end(waits ? "lost" : "expired"), SILENT_MS);
  const patience = setTimeout(answer, ANSWERS_WITHIN_MS);
  const isClosing = nc.isClosed() || nc.isDraining();
  const subscription = isClosing
    ? undefined
    : nc.subscribe(inbox, {
        callback: (error, message) => {
          if (error !== null) return end("lost");
          silence.refresh();
          // A message keeps the subject that it was stored under; on the inbox itself the broker speaks.
          if (message.subject === inbox) hear(headerBlockOf(message).status);
          else take(message);
        },
      });
  if (isClosing) setImmediate(end, "lost");
  else request({ no_wait: true });
  return { left: () => (isOver ? 0 : left), answered, cancel: close };
}
