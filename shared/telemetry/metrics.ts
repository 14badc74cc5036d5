import { TraceFlags, context, trace } from "@opentelemetry/api";
import {
  Counter,
  Histogram,
  Registry,
  collectDefaultMetrics,
  type OpenMetricsContentType,
} from "prom-client";
import {
  METRICS,
  OTHER,
  type LabelRow,
  type LabelsOf,
  type MetricKey,
  type MetricRow,
  type Point,
} from "./names.ts";

/** The metrics of this process. OpenMetrics, because only that text format carries exemplars. */
const registry = new Registry<OpenMetricsContentType>();

registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);

/** The label names under which trace stores look exemplars up. */
type Exemplar = { exemplarLabels?: { trace_id: string; span_id: string } };
type Instrument = (labels: Record<string, string>, value: number) => void;

/** Of each label whose values are listed elsewhere, the values seen so far. */
const seen = new Map<LabelRow, Set<string>>();

const instruments = new Map<string, Instrument>(
  Object.entries<MetricRow>(METRICS).map(([key, row]) => [key, instrumentOf(row)]),
);

/**
 * Adds to a counter, or lets a histogram see a value. A label value beyond its bounds becomes `other`. Never throws: a value
 * that is no amount is counted as a failed observation.
 */
export function record<K extends MetricKey>(metric: K, labels: LabelsOf<K>, value = 1): void {
  recordPoint({ metric, labels, value } as Point);
}

/** As `record`, for what an `observe` found. */
export function recordPoint({ metric, labels, value }: Point): void {
  if (Number.isFinite(value) && value >= 0) instruments.get(metric)!(bounded(METRICS[metric], labels), value);
  else record("observeFailures", {});
}

/** Adds the metrics of the process itself and of Node: memory, CPU, event loop, garbage collection. */
export function collectProcessMetrics(): void {
  collectDefaultMetrics({ register: registry });
}

/** What `GET /metrics` answers. */
export async function exposition(): Promise<{ contentType: string; body: string }> {
  return { contentType: registry.contentType, body: await registry.metrics() };
}

function instrumentOf(row: MetricRow): Instrument {
  const options = {
    name: row.name,
    help: `${row.means} [${row.unit}]`,
    labelNames: Object.keys(row.labels),
    registers: [registry],
    enableExemplars: row.exemplar === true,
  };
  if (row.buckets === undefined) {
    const counter = new Counter(options);
    if (!row.exemplar) return (labels, value) => counter.inc(labels, value);
    return (labels, value) => counter.inc({ labels, value, ...currentExemplar() });
  }
  const histogram = new Histogram({ ...options, buckets: [...row.buckets] });
  if (!row.exemplar) return (labels, value) => histogram.observe(labels, value);
  return (labels, value) => histogram.observe({ labels, value, ...currentExemplar() });
}

/** The span at hand, if it is recorded: an exemplar that leads to no trace helps nobody. */
function currentExemplar(): Exemplar {
  const span = trace.getSpanContext(context.active());
  const isSampled = span !== undefined && (span.traceFlags & TraceFlags.SAMPLED) !== 0;
  return isSampled ? { exemplarLabels: { trace_id: span.traceId, span_id: span.spanId } } : {};
}

function bounded(row: MetricRow, labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(row.labels).map(([name, label]) => [name, boundedValue(label, labels[name] ?? "")]),
  );
}

function boundedValue(label: LabelRow, value: string): string {
  if ("values" in label) return label.values.includes(value) ? value : OTHER;
  let known = seen.get(label);
  if (known === undefined) seen.set(label, (known = new Set()));
  if (known.has(value)) return value;
  if (known.size >= label.atMost) return OTHER;
  known.add(value);
  return value;
}
