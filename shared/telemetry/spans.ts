import {
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  context,
  createContextKey,
  isSpanContextValid,
  trace,
  type Context,
  type HrTime,
  type Span,
  type SpanOptions,
} from "@opentelemetry/api";
import { randomBytes } from "node:crypto";
import type { Part } from "../contract/decider.ts";
import { now } from "./clock.ts";
import { record, recordPoint } from "./metrics.ts";
import {
  ATTRIBUTE,
  SPANS,
  type Observation,
  type SpanAttributes,
  type SpanName,
  type SpanRow,
} from "./names.ts";

/** The one tracer. Until tracing starts, its spans are recorded nowhere. */
const tracer = trace.getTracer("genesis");

/** A part that was run. Its span stays open until the message is done, so that it can be described by what came of it. */
type OpenPart = { name: string; span: Span; end: HrTime };
const PARTS = createContextKey("genesis parts");

/** A span that starts now. It always has a valid identity, recorded or not: the headers of every message carry one. */
export function startSpan(name: string, options: SpanOptions, parent: Context): Span {
  const span = tracer.startSpan(name, { ...options, startTime: now() }, parent);
  if (isSpanContextValid(span.spanContext())) return span;
  return trace.wrapSpanContext({
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    traceFlags: TraceFlags.NONE,
  });
}

/** Runs `fn` inside a span and ends the span once `fn` has settled. An error marks it and is thrown on unchanged. */
export async function inSpan<T>(span: Span, base: Context, fn: () => Promise<T>): Promise<T> {
  const parts: OpenPart[] = [];
  try {
    return await context.with(trace.setSpan(base, span).setValue(PARTS, parts), fn);
  } catch (error) {
    markFailed(span, error);
    throw error;
  } finally {
    for (const open of parts) open.span.end(open.end);
    span.end(now());
  }
}

/** Runs a named part of a pure decision as a span with its true times; parts inside parts nest. */
export const part: Part = (name, fn) => {
  const active = context.active();
  const span = startSpan(name, { kind: SpanKind.INTERNAL, attributes: layerOf(name) }, active);
  try {
    return context.with(trace.setSpan(active, span), fn);
  } catch (error) {
    markFailed(span, error);
    throw error;
  } finally {
    const end = now();
    const parts = active.getValue(PARTS) as OpenPart[] | undefined;
    if (parts === undefined) span.end(end);
    else parts.push({ name, span, end });
  }
};

/** Runs an operation that waits for something, as a span of the domain. */
export function domainSpan<T>(name: SpanName, attributes: SpanAttributes, fn: () => Promise<T>): Promise<T> {
  const active = context.active();
  const row: SpanRow = SPANS[name];
  const target = row.namedAfter && attributes[row.namedAfter];
  const options = { kind: SpanKind.INTERNAL, attributes: { ...layerOf(name), ...attributes } };
  return inSpan(startSpan(target ? `${name} ${target}` : name, options, active), active, fn);
}

/**
 * Puts an observation where it belongs: attributes on the span of the message at hand and on the parts that were run for it,
 * points into the metrics. An observation that throws is counted and costs nothing but itself: telemetry never fails the work.
 */
export function applyObservation(observe: () => Observation): void {
  try {
    const { attributes = {}, parts = [], points = [] } = observe();
    const active = context.active();
    trace.getSpan(active)?.setAttributes(attributes);
    describeParts((active.getValue(PARTS) as OpenPart[] | undefined) ?? [], parts);
    points.forEach(recordPoint);
  } catch {
    record("observeFailures", {});
  }
}

/** From the end, because a decision that had to be made again ran its parts again. */
function describeParts(open: readonly OpenPart[], descriptions: NonNullable<Observation["parts"]>): void {
  const described = new Set<OpenPart>();
  for (const { part: name, attributes } of descriptions.toReversed()) {
    const last = open.findLast((candidate) => candidate.name === name && !described.has(candidate));
    if (last === undefined) continue;
    last.span.setAttributes(attributes);
    described.add(last);
  }
}

/** The code of the contract under which an error is counted. */
export function errorType(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^E_[A-Z_]{1,32}$/.test(code) ? code : "E_INTERNAL";
}

function markFailed(span: Span, error: unknown): void {
  const code = errorType(error);
  span.setAttribute(ATTRIBUTE.errorType, code);
  // The code again, not the error's text: a text may hold what a user wrote.
  span.setStatus({ code: SpanStatusCode.ERROR, message: code });
}

function layerOf(name: string): SpanAttributes {
  return Object.hasOwn(SPANS, name) ? { [ATTRIBUTE.layer]: SPANS[name as SpanName].layer } : {};
}
