import {
  ROOT_CONTEXT,
  SpanKind,
  context,
  isSpanContextValid,
  trace,
  type Attributes,
  type Context,
  type Link,
  type Span,
  type SpanContext,
} from "@opentelemetry/api";
import { correlatedContext, currentCorrelation } from "./correlation.ts";
import { record } from "./metrics.ts";
import { ATTRIBUTE, transportSpan } from "./names.ts";
import { errorType, inSpan, startSpan } from "./spans.ts";
import {
  spanContextOf,
  traceHeadersOf,
  type ReceivedTraceHeaders,
  type TraceHeaders,
} from "./trace-context.ts";

/** What is known of a message on either side of the broker. `template` is its subject without ids, `bytes` the size of its body. */
type Message = {
  template: string;
  stream: string;
  messageId: string;
  /** Undefined at the door, where a message has neither yet. */
  correlationId: string | undefined;
  bytes: number;
  run: string | undefined;
  step?: string | undefined;
  attempt?: number | undefined;
  /**
   * The message under whose span this one belongs instead of its natural parent, which is linked then: the submission, for a
   * later revision, and for what comes from outside into a run (promise 6 of the contract).
   */
  under?: TraceHeaders | undefined;
};

/** A message to be sent. */
export type PublishedMessage = Message;

/** A message that was delivered, with the trace context of its headers. */
export type ProcessedMessage = Message &
  ReceivedTraceHeaders & {
    consumer: string;
    seq: number;
    /** 1 for the first delivery. */
    deliveryCount: number;
    queueWaitMs: number;
    /** Whether its span begins a linked trace of its own, as work does that was scheduled more than 60 s ahead. */
    startsTrace?: boolean | undefined;
  };

type Publish<T> = (traceHeaders: Record<string, string>) => Promise<T>;

const MS_PER_S = 1000;

/** Where the broker is, on every span of the transport. */
let server: Attributes = {};

/** Says which broker the messages go through. @param url of the setting; what it holds beside host and port is not kept. */
export function useBroker(url: string): void {
  const { hostname, port } = new URL(url);
  server = { [ATTRIBUTE.serverAddress]: hostname, ...(port && { [ATTRIBUTE.serverPort]: Number(port) }) };
}

/**
 * Runs the handling of one message as a CONSUMER span whose parent is the span that produced the message. A message without a
 * usable context starts a trace and is counted. Log lines inside carry the message's ids.
 * @param links other messages that this work joins
 */
export function processSpan<T>(
  message: ProcessedMessage,
  links: readonly TraceHeaders[],
  fn: () => Promise<T>,
): Promise<T> {
  const producer = producerOf(message);
  const parent = message.startsTrace ? undefined : (override(message) ?? producer);
  const base = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
  const linked = [producer === parent ? undefined : producer, ...links.map(spanContextOf)];
  const span = startSpan(
    transportSpan("process", message.template),
    { kind: SpanKind.CONSUMER, attributes: consumerAttributes(message), links: linksTo(linked) },
    base,
  );
  return inSpan(span, correlated(base, message), () => measureProcessing(message, fn));
}

/** Sends a message as a PRODUCER span under the work at hand. `fn` puts the trace headers on the message. */
export function publishSpan<T>(message: PublishedMessage, fn: Publish<T>): Promise<T> {
  const active = context.active();
  const parent = override(message);
  const base = parent === undefined ? active : trace.setSpanContext(active, parent);
  const links = parent === undefined ? [] : [trace.getSpanContext(active)];
  return publish(message, base, links, fn);
}

/** As `publishSpan`, but the span is the root of a new trace; the caller's context and the work at hand are linked. */
export function rootPublishSpan<T>(
  message: PublishedMessage,
  caller: TraceHeaders | undefined,
  fn: Publish<T>,
): Promise<T> {
  const active = context.active();
  const links = [caller && spanContextOf(caller), trace.getSpanContext(active)];
  return publish(message, trace.deleteSpan(active), links, fn);
}

/** The `traceparent` of the span at hand, or undefined outside of any. */
export function currentTraceparent(): string | undefined {
  const span = trace.getSpanContext(context.active());
  return span && isSpanContextValid(span) ? traceHeadersOf(span)["traceparent"] : undefined;
}

async function publish<T>(
  message: PublishedMessage,
  base: Context,
  links: readonly (SpanContext | undefined)[],
  fn: Publish<T>,
): Promise<T> {
  const options = {
    kind: SpanKind.PRODUCER,
    attributes: producerAttributes(message),
    links: linksTo(links),
  };
  const span = startSpan(transportSpan("publish", message.template), options, base);
  return inSpan(span, correlated(base, message), () => measurePublishing(message, span, fn));
}

async function measurePublishing<T>(message: PublishedMessage, span: Span, fn: Publish<T>): Promise<T> {
  const { template } = message;
  const startedMs = performance.now();
  let error_type = "";
  try {
    return await fn(traceHeadersOf(span.spanContext()));
  } catch (error) {
    error_type = errorType(error);
    throw error;
  } finally {
    record("published", { template, error_type });
    record("publishSeconds", { template, error_type }, (performance.now() - startedMs) / MS_PER_S);
  }
}

async function measureProcessing<T>(message: ProcessedMessage, fn: () => Promise<T>): Promise<T> {
  const { template, consumer, deliveryCount, queueWaitMs } = message;
  const startedMs = performance.now();
  record("consumed", { template, consumer });
  // The wait of a redelivery is mostly the handling that failed before it.
  if (deliveryCount === 1) record("queueWaitSeconds", { template }, Math.max(0, queueWaitMs) / MS_PER_S);
  else record("redelivered", { consumer });
  let error_type = "";
  try {
    return await fn();
  } catch (error) {
    error_type = errorType(error);
    throw error;
  } finally {
    record("processSeconds", { template, error_type }, (performance.now() - startedMs) / MS_PER_S);
  }
}

/** The span that produced a message, or undefined, counted, where its headers do not say. */
function producerOf(message: ProcessedMessage): SpanContext | undefined {
  const producer = spanContextOf(message);
  if (producer === undefined)
    record("traceContextInvalid", { reason: message.traceparent === undefined ? "missing" : "malformed" });
  return producer;
}

function override(message: Message): SpanContext | undefined {
  return message.under && spanContextOf(message.under);
}

function linksTo(contexts: readonly (SpanContext | undefined)[]): Link[] {
  return contexts.filter((linked) => linked !== undefined).map((linked) => ({ context: linked }));
}

function correlated(base: Context, { correlationId, run, step, attempt }: Message): Context {
  // What the message does not say yet is kept from the work at hand.
  const said = Object.entries({ correlationId, run, step, attempt }).filter(
    ([, value]) => value !== undefined,
  );
  return correlatedContext(base, { ...currentCorrelation(), ...Object.fromEntries(said) });
}

function messageAttributes(message: Message): Attributes {
  return {
    ...server,
    [ATTRIBUTE.messagingSystem]: "nats",
    [ATTRIBUTE.messagingDestination]: message.stream,
    [ATTRIBUTE.messagingTemplate]: message.template,
    [ATTRIBUTE.messageId]: message.messageId,
    [ATTRIBUTE.conversationId]: message.correlationId,
    [ATTRIBUTE.messageBytes]: message.bytes,
    [ATTRIBUTE.run]: message.run,
    [ATTRIBUTE.step]: message.step,
    [ATTRIBUTE.attempt]: message.attempt,
  };
}

function producerAttributes(message: PublishedMessage): Attributes {
  return {
    ...messageAttributes(message),
    [ATTRIBUTE.messagingOperationName]: "publish",
    [ATTRIBUTE.messagingOperationType]: "send",
  };
}

function consumerAttributes(message: ProcessedMessage): Attributes {
  return {
    ...messageAttributes(message),
    [ATTRIBUTE.messagingOperationName]: "process",
    [ATTRIBUTE.messagingOperationType]: "process",
    [ATTRIBUTE.messagingConsumer]: message.consumer,
    [ATTRIBUTE.natsStream]: message.stream,
    [ATTRIBUTE.natsSequence]: message.seq,
    [ATTRIBUTE.natsDeliveryCount]: message.deliveryCount,
    [ATTRIBUTE.natsQueueWait]: message.queueWaitMs / MS_PER_S,
  };
}
