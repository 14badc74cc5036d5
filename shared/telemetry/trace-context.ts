import { TraceFlags, createTraceState, type SpanContext } from "@opentelemetry/api";

/** The trace context of a message, as its headers carry it (W3C Trace Context). */
export type TraceHeaders = { traceparent: string; tracestate?: string | undefined };

const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/**
 * Reads a `traceparent` as strictly as the standard asks: lower case, no identifier of zeros, never version `ff`, and
 * for version `00` not a character more. Of a later version only the four fields that are known are used.
 */
export function parseTraceparent(value: string): SpanContext | undefined {
  const [, version, traceId, spanId, flags, rest] = TRACEPARENT.exec(value) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === "00" && rest !== undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
}

/** What a message that came from somebody else has of it. */
export type ReceivedTraceHeaders = { traceparent?: string | undefined; tracestate?: string | undefined };

/** The span context of a message, or undefined where its `traceparent` is absent or invalid. */
export function spanContextOf(headers: ReceivedTraceHeaders): SpanContext | undefined {
  const parsed = headers.traceparent === undefined ? undefined : parseTraceparent(headers.traceparent);
  if (parsed === undefined || !headers.tracestate) return parsed;
  return { ...parsed, traceState: createTraceState(headers.tracestate) };
}

/** Whether the spans that a message leads to are recorded; those of one without a usable context are. */
export function isSampled(headers: ReceivedTraceHeaders): boolean {
  const context = spanContextOf(headers);
  return context === undefined || (context.traceFlags & TraceFlags.SAMPLED) !== 0;
}

/** The headers that hand a span on to whoever reads the message. */
export function traceHeadersOf(span: SpanContext): Record<string, string> {
  const flags = (span.traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, "0");
  const tracestate = span.traceState?.serialize();
  return { traceparent: `00-${span.traceId}-${span.spanId}-${flags}`, ...(tracestate && { tracestate }) };
}

/** The trace that a `traceparent` belongs to, or undefined where it is invalid. */
export function traceIdOf(traceparent: string): string | undefined {
  return parseTraceparent(traceparent)?.traceId;
}
