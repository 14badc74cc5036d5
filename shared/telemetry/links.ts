import { trace, type Link, type Span, type SpanContext } from "@opentelemetry/api";
import { ATTRIBUTE } from "./names.ts";
import { spanContextOf } from "./trace-context.ts";

/** Why a span links to another one. */
export type LinkReason = "caller" | "cause" | "join" | "attempt";

/** A span of a join with more inputs than this links to the first of them. */
const MAX_LINKS = 128;

/** Links to spans, of those that there are. */
export function linksTo(reason: LinkReason, contexts: readonly (SpanContext | undefined)[]): Link[] {
  return contexts
    .filter((linked) => linked !== undefined)
    .slice(0, MAX_LINKS)
    .map((linked) => ({ context: linked, attributes: { [ATTRIBUTE.linkReason]: reason } }));
}

/** Links to the spans of messages, by their contexts (`traceparent`). */
export function linksIn(reason: LinkReason, traceparents: readonly string[]): Link[] {
  const contexts = traceparents.slice(0, MAX_LINKS).map((traceparent) => spanContextOf({ traceparent }));
  return linksTo(reason, contexts);
}

/** Links the span at hand to other messages whose contexts (`traceparent`) its work joins. */
export function linkJoined(traceparents: Iterable<string>): void {
  addLinks("join", traceparents);
}

/** Links the span at hand to other processes' spans (`traceparent`) of the same message, which they gave back. */
export function linkAttempts(traceparents: Iterable<string>): void {
  addLinks("attempt", traceparents);
}

function addLinks(reason: LinkReason, traceparents: Iterable<string>): void {
  const span = trace.getActiveSpan();
  if (span?.isRecording()) span.addLinks(linksIn(reason, [...traceparents]));
}

/** Where a message stands, and how often it was delivered. */
type Place = { consumer: string; seq: number; deliveryCount: number };

/** The spans of the messages that this process handled last, by the durable and their place in its stream. */
const handled = new Map<string, SpanContext>();
const MAX_REMEMBERED = 1024;

function placeOf({ seq, consumer }: Place): string {
  return `${consumer} ${seq}`;
}

/** The span of the delivery before this one, if it was made to this process. */
export function lastAttempt(message: Place): SpanContext | undefined {
  return message.deliveryCount > 1 ? handled.get(placeOf(message)) : undefined;
}

/** Keeps the span of a delivery for the one after it. */
export function remember(message: Place, span: Span): void {
  const place = placeOf(message);
  handled.delete(place);
  handled.set(place, span.spanContext());
  if (handled.size > MAX_REMEMBERED) handled.delete(handled.keys().next().value!);
}
