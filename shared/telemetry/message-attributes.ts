import type { Attributes } from "@opentelemetry/api";
import type { Handled } from "./message-metrics.ts";
import { ATTRIBUTE } from "./names.ts";
import type { ReceivedTraceHeaders, TraceHeaders } from "./trace-context.ts";

/**
 * What is known of a message on either side of the broker. `template` is its subject without ids, `bytes` the size of
 * its body.
 */
export type Message = {
  template: string;
  stream: string;
  /** Undefined where it has none, as a timer, which its subject names. */
  messageId: string | undefined;
  /** Undefined at the door, where a message has neither yet. */
  correlationId: string | undefined;
  bytes: number;
  run: string | undefined;
  step?: string | undefined;
  attempt?: number | undefined;
  /**
   * The message under whose span this one belongs instead of its natural parent, which is linked then: the
   * submission, for a later revision, and for what comes from outside into a run (promise 6 of the contract).
   */
  under?: TraceHeaders | undefined;
};

/** A message to be sent. */
export type PublishedMessage = Message & {
  /** The contexts (`traceparent`) of what it joins, beside the message at hand. */
  joins?: readonly string[] | undefined;
};

/** A message that was delivered, with the trace context of its headers. */
export type ProcessedMessage = Message &
  Handled &
  ReceivedTraceHeaders & {
    seq: number;
    /** Whether its span begins a linked trace of its own, as work does that was scheduled more than 60 s ahead. */
    startsTrace?: boolean | undefined;
  };

/** What comes in at a door: the caller's own context, and how long it waited there. */
export type AtDoor = { caller: TraceHeaders | undefined; queueWaitMs?: number | undefined };

const MS_PER_S = 1000;

/** Where the broker is, on every span of the transport. */
let server: Attributes = {};

/**
 * Says which broker the messages go through. @param url of the setting; what it holds beside host and port is not
 * kept.
 */
export function useBroker(url: string): void {
  const { hostname, port } = new URL(url);
  server = { [ATTRIBUTE.serverAddress]: hostname, ...(port && { [ATTRIBUTE.serverPort]: Number(port) }) };
}

/** What a sampler may want to know, and so must be there from the start. */
export function kindOf({ stream, template }: Message, operation: string, type: string): Attributes {
  return {
    ...server,
    [ATTRIBUTE.messagingSystem]: "nats",
    [ATTRIBUTE.messagingOperationName]: operation,
    [ATTRIBUTE.messagingOperationType]: type,
    [ATTRIBUTE.messagingDestination]: stream,
    [ATTRIBUTE.messagingTemplate]: template,
  };
}

/** The rest of what is told of a message. */
export function messageAttributes(message: Message): Attributes {
  const attributes: Attributes = { [ATTRIBUTE.messageBytes]: message.bytes };
  if (message.messageId !== undefined) attributes[ATTRIBUTE.messageId] = message.messageId;
  if (message.correlationId !== undefined) attributes[ATTRIBUTE.conversationId] = message.correlationId;
  if (message.run !== undefined) attributes[ATTRIBUTE.run] = message.run;
  if (message.step !== undefined) attributes[ATTRIBUTE.step] = message.step;
  if (message.attempt !== undefined) attributes[ATTRIBUTE.attempt] = message.attempt;
  return attributes;
}

/** And of one that was delivered. */
export function consumerAttributes(message: ProcessedMessage): Attributes {
  return {
    ...messageAttributes(message),
    [ATTRIBUTE.messagingConsumer]: message.consumer,
    [ATTRIBUTE.natsStream]: message.stream,
    [ATTRIBUTE.natsSequence]: message.seq,
    [ATTRIBUTE.natsDeliveryCount]: message.deliveryCount,
    ...(message.queueWaitMs !== undefined && { [ATTRIBUTE.natsQueueWait]: secondsOf(message.queueWaitMs) }),
  };
}

/** A wait in seconds. Two machines' clocks may make it look shorter than nothing. */
export function secondsOf(waitMs: number): number {
  return Math.max(0, waitMs) / MS_PER_S;
}
