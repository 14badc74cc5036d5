import { METRICS, type LabelsOf, type MetricKey, type MetricRow } from "../../../shared/telemetry/names.ts";

/**
 * Metrics that no service of ours writes, with those of their labels that are asked for: the Collector makes the first ones
 * out of spans, the others it and Prometheus say of themselves. docs/stack.md tells of all of them.
 */
export const COLLECTED = {
  spanCalls: {
    name: "traces_span_metrics_calls_total",
    labels: ["service_name", "span_name", "status_code"],
  },
  edges: { name: "traces_service_graph_request_total", labels: ["client", "server"] },
  edgeServerSeconds: { name: "traces_service_graph_request_server_seconds", labels: ["client", "server"] },
  up: { name: "up", labels: ["job"] },
  eventLoopLag: { name: "nodejs_eventloop_lag_p99_seconds", labels: ["job"] },
  memory: { name: "process_resident_memory_bytes", labels: ["job"] },
  collectorSpansIn: { name: "otelcol_receiver_accepted_spans_total", labels: ["receiver"] },
  collectorSpansRefused: { name: "otelcol_receiver_refused_spans_total", labels: ["receiver"] },
  collectorSpansOut: { name: "otelcol_exporter_sent_spans_total", labels: ["exporter"] },
  collectorSpansLost: { name: "otelcol_exporter_send_failed_spans_total", labels: ["exporter"] },
  collectorGraphRefused: {
    name: "otelcol_connector_servicegraph_dropped_spans_total",
    labels: ["job"],
  },
  collectorPointsOut: { name: "otelcol_exporter_sent_metric_points_total", labels: ["exporter"] },
  collectorQueue: { name: "otelcol_exporter_queue_size", labels: ["exporter", "data_type"] },
  collectorQueueLimit: { name: "otelcol_exporter_queue_capacity", labels: ["exporter", "data_type"] },
  collectorMemory: { name: "otelcol_process_memory_rss_bytes", labels: ["job"] },
  alerts: { name: "ALERTS", labels: ["alertname", "severity", "alertstate"] },
  budgetLeft: { name: "slo:error_budget:remaining_ratio", labels: ["slo"] },
  missedShort: { name: "slo:errors:ratio_rate1h", labels: ["slo"] },
} as const;

type CollectedKey = keyof typeof COLLECTED;

/** A metric of the table of names, or one that was collected. */
export type Source = MetricKey | CollectedKey;

/** The labels that a metric may be asked by: its own, and the service that it came from. */
export type LabelOf<S extends Source> = S extends MetricKey
  ? (keyof LabelsOf<S> & string) | "job"
  : S extends CollectedKey
    ? (typeof COLLECTED)[S]["labels"][number]
    : never;

/** Which series of a metric: `by` are the labels that stay apart, `where` the values that are meant. */
export type Selection<S extends Source> = {
  by?: readonly LabelOf<S>[];
  where?: Partial<Record<LabelOf<S>, Match>>;
};

/** How a label is compared, with PromQL's own sign: `="completed"`. */
export type Match = `=${string}` | `!=${string}` | `=~${string}`;

/** This value. */
export const is = (value: string): Match => `="${value}"`;
/** Any other value. */
export const isNot = (value: string): Match => `!="${value}"`;
/** One of these values. */
export const isAnyOf = (...values: readonly string[]): Match => `=~"${values.join("|")}"`;
/** What is chosen in a variable of the dashboard. */
export const chosen = (variable: string): Match => `=~"\${${variable}}"`;

/** As long as Grafana thinks right for the width of a panel, and never too short for a rate. */
const STEP = "[$__rate_interval]";

const isOurs = (source: Source): source is MetricKey => Object.hasOwn(METRICS, source);
const nameOf = (source: Source): string => (isOurs(source) ? METRICS[source].name : COLLECTED[source].name);

function series<S extends Source>(source: S, { where = {} }: Selection<S>, suffix = ""): string {
  const matches = Object.entries<Match>(where as Record<string, Match>).map(
    ([label, match]) => label + match,
  );
  return nameOf(source) + suffix + (matches.length > 0 ? `{${matches.join(", ")}}` : "");
}

function grouped(how: string, by: readonly string[], of: string): string {
  return by.length > 0 ? `${how} by (${by.join(", ")}) (${of})` : `${how} (${of})`;
}

/** How often a counter, or what a histogram counts, grew in a second. */
export function perSecond<S extends Source>(source: S, selection: Selection<S> = {}): string {
  const suffix = isOurs(source) && (METRICS[source] as MetricRow).kind === "histogram" ? "_count" : "";
  return grouped("sum", selection.by ?? [], `rate(${series(source, selection, suffix)}${STEP})`);
}

/**
 * How much a counter grew in the time that is shown, restarts included, as a whole number: Prometheus makes a fraction of what it
 * sees of a time. What a label set begins with, where that is not 0, is no growth.
 */
export function grown<S extends Source>(source: S, selection: Selection<S> = {}): string {
  return `round(${grouped("sum", selection.by ?? [], `increase(${series(source, selection)}[$__range])`)})`;
}

/** What a counter stands at, or a gauge: the sum of all processes. */
export function standing<S extends Source>(source: S, selection: Selection<S> = {}): string {
  return grouped("sum", selection.by ?? [], series(source, selection));
}

/** The largest of what the processes say. */
export function largest<S extends Source>(source: S, selection: Selection<S> = {}): string {
  return grouped("max", selection.by ?? [], series(source, selection));
}

/** The smallest of what the processes say. */
export function smallest<S extends Source>(source: S, selection: Selection<S> = {}): string {
  return grouped("min", selection.by ?? [], series(source, selection));
}

/** A quantile of a histogram. @param q between 0 and 1 */
export function quantile<S extends Source>(q: number, source: S, selection: Selection<S> = {}): string {
  const by = ["le", ...(selection.by ?? [])];
  return `histogram_quantile(${q}, ${grouped("sum", by, `rate(${series(source, selection, "_bucket")}${STEP})`)})`;
}

/** The mean of what a histogram saw. */
export function mean<S extends Source>(source: S, selection: Selection<S> = {}): string {
  const part = (suffix: string): string =>
    grouped("sum", selection.by ?? [], `rate(${series(source, selection, suffix)}${STEP})`);
  return `${part("_sum")} / ${part("_count")}`;
}

/** How many observations fell into each bucket of a histogram, for a heat map. */
export function distribution<S extends Source>(source: S, selection: Selection<S> = {}): string {
  return grouped("sum", ["le"], `increase(${series(source, selection, "_bucket")}${STEP})`);
}

/** Micro-USD, which is what the metric counts, as USD. */
export function usd(microUsd: string): string {
  return `${microUsd} / 1e6`;
}

/** What grows in an hour. @param inASecond a rate */
export function perHour(inASecond: string): string {
  return `${inASecond} * 3600`;
}

/** 0 where there is nothing yet. @param expr of one series without labels */
export function orZero(expr: string): string {
  return `(${expr} or vector(0))`;
}

/** A part of a whole that may have none yet; nothing where the whole is nothing. */
export function share(part: string, whole: string): string {
  return `${orZero(part)} / (${whole} > 0)`;
}

/** The values that a label has, for a variable of a dashboard. */
export function valuesOf<S extends Source>(source: S, label: LabelOf<S>): string {
  return `label_values(${nameOf(source)}, ${label})`;
}
