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
import { lastAttempt, linksIn, linksTo, remember } from "./links.ts";
import {
  consumerAttributes,
  kindOf,
  messageAttributes,
  secondsOf,
  type AtDoor,
  type Message,
  type ProcessedMessage,
  type PublishedMessage,
} from "./message-attributes.ts";
import { measureProcessing, measurePublishing } from "./message-metrics.ts";
import { record } from "./metrics.ts";
import { ATTRIBUTE, transportSpan } from "./names.ts";
import { inSpan } from "./operations.ts";
import { startSpan, unrecordedRoot } from "./spans.ts";
import { isSampled, spanContextOf, traceHeadersOf, type ReceivedTraceHeaders } from "./trace-context.ts";

type Publish<T> = (traceHeaders: Record<string, string>) => Promise<T>;

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
    links: [...links, ...linksIn("join", message.joins ?? [])],
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

/**
 * The rest, for a span that is recorded: it is cheaper afterwards than at the start, and an unsampled one has no use
 * for it.
 */
function describe<M extends Message>(span: Span, message: M, attributesOf: (message: M) => Attributes): void {
  if (span.isRecording()) span.setAttributes(attributesOf(message));
}
