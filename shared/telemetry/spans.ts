import {
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  isSpanContextValid,
  trace,
  type Attributes,
  type Context,
  type Link,
  type Span,
} from "@opentelemetry/api";
import { randomBytes } from "node:crypto";
import { hrTimeOf, nowMs } from "./clock.ts";
import {
  ATTRIBUTE,
  SPANS,
  type SpanAttributes,
  type SpanEvent,
  type SpanName,
  type SpanRow,
} from "./names.ts";

/** The one tracer. Until tracing starts, its spans are recorded nowhere. */
const tracer = trace.getTracer("genesis");

export type SpanStart = {
  kind: SpanKind;
  links?: Link[];
  /** What a sampler may look at. */
  attributes: Attributes;
  /** In milliseconds since the epoch; now if not given. */
  startMs?: number;
};

/** Starts a span. It always has a valid identity, recorded or not: the headers of every message carry one. */
export function startSpan(name: string, { startMs = nowMs(), ...options }: SpanStart, parent: Context): Span {
  const span = tracer.startSpan(name, { ...options, startTime: hrTimeOf(startMs) }, parent);
  return isSpanContextValid(span.spanContext()) ? span : unrecordedRoot();
}

/** The root of a trace that nobody records: it has an identity, and whoever follows is not sampled either. */
export function unrecordedRoot(): Span {
  return trace.wrapSpanContext({
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    traceFlags: TraceFlags.NONE,
  });
}

/** Starts a span of the table, under the name and with the kind and layer that its row gives it. */
export function startNamedSpan(
  name: SpanName,
  { attributes, startMs }: { attributes: SpanAttributes; startMs?: number },
  parent: Context,
): Span {
  const { layer, kind, namedAfter }: SpanRow = SPANS[name];
  const target = namedAfter && attributes[namedAfter];
  const options = {
    kind: kind === "CLIENT" ? SpanKind.CLIENT : SpanKind.INTERNAL,
    attributes: { [ATTRIBUTE.layer]: layer, ...allowed(attributes) },
    ...(startMs !== undefined && { startMs }),
  };
  return startSpan(target ? `${name} ${String(target)}` : name, options, parent);
}

/** Says what came of the work of a span. An error code among the attributes makes it a failed one. */
export function describeSpan(
  span: Span,
  attributes: SpanAttributes,
  events: readonly SpanEvent[] = [],
): void {
  span.setAttributes(allowed(attributes));
  for (const event of events) span.addEvent(event.name, allowed(event.attributes), hrTimeOf(nowMs()));
  const code = attributes[ATTRIBUTE.errorType];
  if (typeof code === "string") span.setStatus({ code: SpanStatusCode.ERROR, message: code });
}

const KNOWN = new Set<string>(Object.values(ATTRIBUTE));

/** What the table knows of attributes: what it does not know is not told, so no goal, input or output can slip in. */
function allowed(attributes: SpanAttributes): Attributes {
  const isKnown = Object.keys(attributes).every((key) => KNOWN.has(key));
  if (isKnown) return attributes as Attributes;
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => KNOWN.has(key))) as Attributes;
}

/** Marks a span as failed: by the code, not by the error's text, which may hold what a user wrote. */
export function markFailed(span: Span, error: unknown): void {
  describeSpan(span, { [ATTRIBUTE.errorType]: errorType(error) });
}

/** What an agent's code throws of its own carries no code, so that its text is told nowhere. */
const AGENT_ERRORS = new Set(["RetryableError", "TerminalError", "AbortError"]);

/** The code of the contract under which an error is counted. */
export function errorType(error: unknown): string {
  if (error instanceof Error && AGENT_ERRORS.has(error.name)) return "E_AGENT";
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^E_[A-Z_]{1,32}$/.test(code) ? code : "E_INTERNAL";
}
