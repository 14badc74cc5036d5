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
import { CorrelationContext, correlatedContext } from "./correlation.ts";
import { measureProcessing, measurePublishing, type Handled } from "./message-metrics.ts";
import { record } from "./metrics.ts";
import { ATTRIBUTE, transportSpan } from "./names.ts";
import { inSpan } from "./operations.ts";
import { startSpan, unrecordedRoot } from "./spans.ts";
import {
  isSampled,
  spanContextOf,
  traceHeadersOf,
  type ReceivedTraceHeaders,
  type TraceHeaders,
} from "./trace-context.ts";

/**
 * What is known of a message on either side of the broker. `template` is its subject without ids, `bytes` the size of
 * its body.
 */
type Message = {
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

type Publish<T> = (traceHeaders: Record<string, string>) => Promise<T>;

const MS_PER_S = 1000;
/** A span of a join with more inputs than this links to the first of them. */
const MAX_LINKS = 128;

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

/**
 * Runs the handling of one message as a CONSUMER span whose parent is the span that produced the message. A message
 * without a usable context starts a trace and is counted. A redelivery links to the attempt before it, where that was
 * made here. Log lines inside carry the message's ids.
 */
export function processSpan<T>(message: ProcessedMessage, fn: () => Promise<T>): Promise<T> {
  const producer = producerOf(message);
  const parent = message.startsTrace ? undefined : (override(message) ?? producer);
  const base = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
  const links = [
    ...linksTo(message.startsTrace ? "cause" : "caller", [producer === parent ? undefined : producer]),
    ...linksTo("attempt", [lastAttempt(message)]),
  ];
  const start = {
    kind: SpanKind.CONSUMER,
    links,
    attributes: kindOf(message, "process", "process"),
    ...(message.takenMs !== undefined && { startMs: message.takenMs }),
  };
  // The sampler would decide anew about a root, and keep the end of a run whose beginning nobody has.
  const isLeftOut = message.startsTrace === true && !isSampled(message);
  const span = isLeftOut
    ? unrecordedRoot()
    : startSpan(transportSpan("process", message.template), start, base);
  remember(message, span);
  describe(span, message, consumerAttributes);
  return inSpan(span, correlated(base, message), () => measureProcessing(message, fn));
}

/** Sends a message as a PRODUCER span under the work at hand. `fn` puts the trace headers on the message. */
export function publishSpan<T>(message: PublishedMessage, fn: Publish<T>): Promise<T> {
  const active = context.active();
  const parent = override(message);
  const base = parent === undefined ? active : trace.setSpanContext(active, parent);
  return publish(message, base, linksTo("cause", [parent && trace.getSpanContext(active)]), fn);
}

/**
 * As `publishSpan`, but the span is the root of a new trace; the caller's context and the work at hand are linked.
 */
export function rootPublishSpan<T>(
  message: PublishedMessage,
  { caller, queueWaitMs }: AtDoor,
  fn: Publish<T>,
): Promise<T> {
  const active = context.active();
  const links = [
    ...linksTo("caller", [caller && spanContextOf(caller)]),
    ...linksTo("cause", [trace.getSpanContext(active)]),
  ];
  const waited = queueWaitMs === undefined ? {} : { [ATTRIBUTE.natsQueueWait]: secondsOf(queueWaitMs) };
  return publish(message, trace.deleteSpan(active), links, (headers) => {
    trace.getActiveSpan()?.setAttributes(waited);
    return fn(headers);
  });
}

/**
 * Runs `fn` with the ids of a message whose handling is over, and its span with it: what is told then belongs under
 * whoever sent it.
 */
export function afterMessage<T>(
  message: ReceivedTraceHeaders & Pick<Message, "correlationId" | "run">,
  fn: () => T,
): T {
  const producer = spanContextOf(message);
  const base = producer === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, producer);
  return context.with(
    correlatedContext(base, { correlationId: message.correlationId, run: message.run }),
    fn,
  );
}

/** Links the span at hand to other messages whose contexts (`traceparent`) its work joins. */
export function linkJoined(traceparents: Iterable<string>): void {
  const span = trace.getActiveSpan();
  if (span?.isRecording()) span.addLinks(joinsOf([...traceparents]));
}

/** The `traceparent` of the span at hand, or undefined outside of any. */
export function currentTraceparent(): string | undefined {
  const span = trace.getSpanContext(context.active());
  return span && isSpanContextValid(span) ? traceHeadersOf(span)["traceparent"] : undefined;
}

function publish<T>(
  message: PublishedMessage,
  base: Context,
  links: readonly Link[],
  fn: Publish<T>,
): Promise<T> {
  const start = {
    kind: SpanKind.PRODUCER,
    links: [...links, ...joinsOf(message.joins ?? [])],
    attributes: kindOf(message, "publish", "send"),
  };
  const span = startSpan(transportSpan("publish", message.template), start, base);
  describe(span, message, messageAttributes);
  const headers = traceHeadersOf(span.spanContext());
  return inSpan(span, correlated(base, message), () => measurePublishing(message, () => fn(headers)));
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

type LinkReason = "caller" | "cause" | "join" | "attempt";

function linksTo(reason: LinkReason, contexts: readonly (SpanContext | undefined)[]): Link[] {
  return contexts
    .filter((linked) => linked !== undefined)
    .slice(0, MAX_LINKS)
    .map((linked) => ({ context: linked, attributes: { [ATTRIBUTE.linkReason]: reason } }));
}

function joinsOf(traceparents: readonly string[]): Link[] {
  const contexts = traceparents.slice(0, MAX_LINKS).map((traceparent) => spanContextOf({ traceparent }));
  return linksTo("join", contexts);
}

/** The spans of the messages that this process handled last, by the durable and their place in its stream. */
const handled = new Map<string, SpanContext>();
const MAX_REMEMBERED = 1024;

function placeOf({ seq, consumer }: ProcessedMessage): string {
  return `${consumer} ${seq}`;
}

/** The span of the delivery before this one, if it was made to this process. */
function lastAttempt(message: ProcessedMessage): SpanContext | undefined {
  return message.deliveryCount > 1 ? handled.get(placeOf(message)) : undefined;
}

function remember(message: ProcessedMessage, span: Span): void {
  const place = placeOf(message);
  handled.delete(place);
  handled.set(place, span.spanContext());
  if (handled.size > MAX_REMEMBERED) handled.delete(handled.keys().next().value!);
}

function correlated(base: Context, message: Message): Context {
  // What the message does not say yet is kept from the work at hand.
  const { correlationId, run, step, attempt } = CorrelationContext.current();
  return correlatedContext(base, {
    correlationId: message.correlationId ?? correlationId,
    run: message.run ?? run,
    step: message.step ?? step,
    attempt: message.attempt ?? attempt,
  });
}

/** What a sampler may want to know, and so must be there from the start. */
function kindOf({ stream, template }: Message, operation: string, type: string): Attributes {
  return {
    ...server,
    [ATTRIBUTE.messagingSystem]: "nats",
    [ATTRIBUTE.messagingOperationName]: operation,
    [ATTRIBUTE.messagingOperationType]: type,
    [ATTRIBUTE.messagingDestination]: stream,
    [ATTRIBUTE.messagingTemplate]: template,
  };
}

/**
 * The rest, for a span that is recorded: it is cheaper afterwards than at the start, and an unsampled one has no use
 * for it.
 */
function describe<M extends Message>(span: Span, message: M, attributesOf: (message: M) => Attributes): void {
  if (span.isRecording()) span.setAttributes(attributesOf(message));
}

function messageAttributes(message: Message): Attributes {
  const attributes: Attributes = { [ATTRIBUTE.messageBytes]: message.bytes };
  if (message.messageId !== undefined) attributes[ATTRIBUTE.messageId] = message.messageId;
  if (message.correlationId !== undefined) attributes[ATTRIBUTE.conversationId] = message.correlationId;
  if (message.run !== undefined) attributes[ATTRIBUTE.run] = message.run;
  if (message.step !== undefined) attributes[ATTRIBUTE.step] = message.step;
  if (message.attempt !== undefined) attributes[ATTRIBUTE.attempt] = message.attempt;
  return attributes;
}

function consumerAttributes(message: ProcessedMessage): Attributes {
  return {
    ...messageAttributes(message),
    [ATTRIBUTE.messagingConsumer]: message.consumer,
    [ATTRIBUTE.natsStream]: message.stream,
    [ATTRIBUTE.natsSequence]: message.seq,
    [ATTRIBUTE.natsDeliveryCount]: message.deliveryCount,
    ...(message.queueWaitMs !== undefined && { [ATTRIBUTE.natsQueueWait]: secondsOf(message.queueWaitMs) }),
  };
}

/** Two machines' clocks may make a wait look shorter than nothing. */
function secondsOf(waitMs: number): number {
  return Math.max(0, waitMs) / MS_PER_S;
}
