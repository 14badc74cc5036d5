import type { StoredEvent } from "../contract/events.ts";
import { HEADER, headerOf, isCorrelationId, type HeaderValues } from "../contract/headers.ts";
import { nowMs } from "../telemetry/clock.ts";
import type { ProcessedMessage } from "../telemetry/message-attributes.ts";
import type { ReceivedTraceHeaders, TraceHeaders } from "../telemetry/trace-context.ts";
import type { Bus } from "./connect.ts";
import type { Delivery } from "./delivery.ts";
import { messageIdIn } from "./fact.ts";

/**
 * What the span of a message's handling says about it, by its headers alone: they can be read even where the rest
 * cannot. @param takenMs when its turn came; what is read then, to know what to do, is part of the work
 */
export function processedOf({ subjects }: Bus, delivery: Delivery, takenMs = nowMs()): ProcessedMessage {
  const { headers, stream, subject, seq, consumer, deliveryCount, isRedriven, bytes } = delivery;
  return {
    template: subjects.template(subject),
    stream,
    messageId: messageIdIn(headers),
    correlationId: correlationIdIn(headers),
    bytes: bytes.length,
    run: undefined,
    consumer,
    seq,
    deliveryCount,
    isRedriven,
    takenMs,
    // One that was redriven stood there, and waited for nobody.
    queueWaitMs: isRedriven ? undefined : queueWaitMsOf(delivery, takenMs),
    ...traceHeadersIn(headers),
  };
}

/**
 * The same for an event. @param task the event that its run began with: what comes into a run from outside is handled
 * under it, so that all that follows stays in the run's trace
 */
export function processedEvent(
  bus: Bus,
  delivery: Delivery,
  { event, task, takenMs }: { event: StoredEvent; task: StoredEvent | undefined; takenMs?: number },
): ProcessedMessage {
  const { run, step, attempt, correlationId } = event;
  const isFromOutside = event.causationId === "" && event.type !== "task.submitted";
  const under = isFromOutside ? traceOf(task) : undefined;
  return { ...processedOf(bus, delivery, takenMs), correlationId, run, step, attempt, under };
}

/** How long a message stood in its stream, in milliseconds with their fraction: a hop takes less than one. */
export function queueWaitMsOf({ storedAtNs }: Pick<Delivery, "storedAtNs">, takenMs = nowMs()): number {
  const storedMs = Number(storedAtNs.slice(0, -6)) + Number(storedAtNs.slice(-6)) / 1e6;
  return takenMs - storedMs;
}

/** The trace context in the headers of a message. */
export function traceHeadersIn(headers: HeaderValues): TraceHeaders | undefined {
  return traceOf({
    traceparent: headerOf(headers, HEADER.traceparent),
    tracestate: headerOf(headers, HEADER.tracestate),
  });
}

/** The correlation id in the headers of a message; undefined where there is none that could travel on. */
export function correlationIdIn(headers: HeaderValues): string | undefined {
  const value = headerOf(headers, HEADER.correlationId);
  return value !== undefined && isCorrelationId(value) ? value : undefined;
}

/** The trace context of an event, or of whatever may carry one. */
export function traceOf(carrier: ReceivedTraceHeaders | undefined): TraceHeaders | undefined {
  if (carrier?.traceparent === undefined) return undefined;
  return { traceparent: carrier.traceparent, tracestate: carrier.tracestate };
}
