import { ROOT_CONTEXT, context, trace } from "@opentelemetry/api";
import { now } from "./clock.ts";
import { logStructured } from "./logging.ts";
import { record, recordPoint } from "./metrics.ts";
import type { Observation, SummarySpan } from "./names.ts";
import { describeCurrentSpan } from "./operations.ts";
import { describeParts } from "./parts.ts";
import { describeSpan, startNamedSpan } from "./spans.ts";
import { spanContextOf } from "./trace-context.ts";

/**
 * Puts an observation where it belongs: attributes on the span of the message at hand and on the parts that were run
 * for it, points into the metrics, a summary into a span of its own, lines into the log. An observation that throws is counted and costs
 * nothing but itself: telemetry never fails the work.
 */
export function applyObservation(observe: () => Observation): void {
  try {
    const { attributes = {}, parts = [], points = [], summary, lines = [] } = observe();
    describeCurrentSpan(attributes);
    describeParts(parts);
    for (const point of points) recordPoint(point);
    if (summary !== undefined) writeSummary(summary);
    for (const { fields, message } of lines) logStructured("warn", fields, message);
  } catch {
    record("observeFailures", {});
  }
}

function writeSummary({ span: name, attributes, startMs, under }: SummarySpan): void {
  const parent = under && spanContextOf(under);
  const base = parent === undefined ? context.active() : trace.setSpanContext(ROOT_CONTEXT, parent);
  const span = startNamedSpan(name, { attributes, startMs }, base);
  describeSpan(span, attributes);
  span.end(now());
}
