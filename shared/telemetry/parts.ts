import { context, createContextKey, trace, type Context, type Span } from "@opentelemetry/api";
import type { Part } from "../contract/decider.ts";
import { hrTimeOf, nowMs } from "./clock.ts";
import { recordPoint } from "./metrics.ts";
import {
  ATTRIBUTE,
  SPANS,
  type AttributeKey,
  type PartObservation,
  type Point,
  type SpanAttributes,
  type SpanName,
  type SpanRow,
} from "./names.ts";
import { describeSpan, markFailed, startNamedSpan } from "./spans.ts";

/**
 * A part of a decision that was run. Its span stays open until the message is done, so that it can be described by
 * what came of it.
 */
type OpenPart = {
  name: SpanName;
  key: string | undefined;
  span: Span;
  startMs: number;
  endMs: number;
  described?: SpanAttributes;
};

const PARTS = createContextKey("genesis parts");

/** The parts that are run in a scope. */
type Parts = OpenPart[];

/**
 * Runs a named part of a pure decision as a span with its true times; parts inside parts nest. Its duration goes into
 * the histogram of its row. What follows the name after a blank tells several runs of a part apart, and is the step
 * that each is about.
 */
export const part: Part = (called, fn) => {
  const [name, key] = called.split(" ", 2) as [SpanName, string | undefined];
  // A name that is in no row is a bug, and bugs of telemetry are no reason to stop the work.
  if (!Object.hasOwn(SPANS, name)) return fn();
  const active = context.active();
  const startMs = nowMs();
  const attributes = key === undefined ? {} : { [ATTRIBUTE.step]: key };
  const span = startNamedSpan(name, { attributes, startMs }, active);
  try {
    return context.with(trace.setSpan(active, span), fn);
  } catch (error) {
    markFailed(span, error);
    throw error;
  } finally {
    const done = { name, key, span, startMs, endMs: nowMs() };
    const parts = partsIn(active);
    if (parts === undefined) endParts([done]);
    else parts.push(done);
  }
};

/**
 * A context in which parts are kept open: by the outermost scope, that of the message, since what it comes to
 * describes them. `parts` are those that this scope has to end.
 */
export function openParts(base: Context): { inside: Context; parts: Parts } {
  const parts: Parts = [];
  const isInside = partsIn(base) !== undefined;
  return { inside: isInside ? base : base.setValue(PARTS, parts), parts };
}

/** Ends parts, each at its own time. */
export function endParts(parts: Parts): void {
  for (const { name, span, startMs, endMs, described } of parts) {
    span.end(hrTimeOf(endMs));
    recordPoint(durationPoint(name, described ?? {}, endMs - startMs), span.spanContext());
  }
}

/**
 * Describes the parts of the scope at hand: from the end, because a decision that had to be made again ran its parts
 * again.
 */
export function describeParts(descriptions: readonly PartObservation[]): void {
  const open = partsIn(context.active()) ?? [];
  for (const { part: name, key, attributes, events } of descriptions.toReversed()) {
    const last = open.findLast((one) => one.name === name && one.key === key && one.described === undefined);
    if (last === undefined) continue;
    last.described = attributes;
    describeSpan(last.span, attributes, events);
  }
}

/** How long an operation took, in the histogram that its row names, or else in the one of all others. */
export function durationPoint(name: SpanName, attributes: SpanAttributes, durationMs: number): Point {
  const { seconds }: SpanRow = SPANS[name];
  const value = durationMs / 1000;
  if (seconds === undefined) return { metric: "operationSeconds", labels: { operation: name }, value };
  const labelOf = ([label, attribute]: [string, AttributeKey]) => [
    label,
    String(attributes[attribute] ?? ""),
  ];
  const labels = Object.fromEntries(Object.entries(seconds.labels).map(labelOf));
  return { metric: seconds.metric, labels, value } as Point;
}

function partsIn(base: Context): Parts | undefined {
  return base.getValue(PARTS) as Parts | undefined;
}
