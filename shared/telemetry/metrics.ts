import { TraceFlags, context, trace, type SpanContext } from "@opentelemetry/api";
import {
  Counter,
  Gauge,
  Histogram,
  Registry,
  collectDefaultMetrics,
  type OpenMetricsContentType,
} from "prom-client";
import {
  canGrow,
  dropLabelSets,
  labelSetOf,
  listedLabelSets,
  openLabelSets,
  type LabelSet,
  type LabelSets,
  type Labels,
} from "./label-sets.ts";
import { METRICS, type LabelsOf, type MetricKey, type MetricRow, type Point } from "./names.ts";

/** The metrics of this process. OpenMetrics, because only that text format carries exemplars. */
const registry = new Registry<OpenMetricsContentType>();

registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);

/** The label names under which trace stores look exemplars up. */
type Exemplar = { exemplarLabels?: { trace_id: string; span_id: string } };

type Instrument = {
  sets: LabelSets;
  write: (set: LabelSet, value: number, exemplar: Exemplar) => void;
  remove: (labels: Labels) => void;
};

/** What was registered or used so far. A service shows what it has, and not the rows of all the others. */
const instruments = new Map<MetricKey, Instrument>();

/**
 * Adds to a counter, lets a histogram see a value, or sets a gauge. A label value beyond its bounds becomes `other`.
 * Never throws: a value that is no amount is counted as a failed observation.
 */
export function record<K extends MetricKey>(metric: K, labels: LabelsOf<K>, value = 1): void {
  recordPoint({ metric, labels, value } as Point);
}

/**
 * As `record`, for what an `observe` found. @param by the span that an exemplar leads to; the one at hand if not
 * given
 */
export function recordPoint({ metric, labels, value }: Point, by?: SpanContext): void {
  if (!Number.isFinite(value) || value < 0) return record("observeFailures", {});
  const { sets, write } = instruments.get(metric) ?? register(metric);
  const set = labelSetOf(sets, labels, countRefused);
  if (set === undefined) return;
  set.touchedMs = performance.now();
  write(set, value, sets.row.exemplar ? exemplarOf(by) : NO_EXEMPLAR);
}

/**
 * Shows a counter at 0 under labels that the table does not list, and for as long as the process lives: Prometheus sees
 * growth between two values alone, so what a counter begins with, once or after it was purged, is seen by nobody.
 */
export function countFromZero<K extends MetricKey>(metric: K, labels: LabelsOf<K>): void {
  const { sets, write } = instruments.get(metric) ?? register(metric);
  const set = labelSetOf(sets, labels, countRefused);
  if (set === undefined) return;
  set.isKept = true;
  write(set, 0, NO_EXEMPLAR);
}

function countRefused(): void {
  record("seriesRefused", {});
}

/** Adds the metrics of the process itself and of Node: memory, CPU, event loop, garbage collection. */
export function collectProcessMetrics(): void {
  if (registry.getSingleMetric("process_cpu_seconds_total") !== undefined) return;
  collectDefaultMetrics({ register: registry, gcDurationBuckets: GC_SECONDS });
  for (const name of LEFT_OUT) registry.removeSingleMetric(name);
}

/**
 * Adds the metrics that a service writes. Counters whose label values are all listed are seen at zero then, and all
 * metrics have their place among the series that a process may have.
 */
export function registerMetricsOf(service: string): void {
  const owners = new Set<string>([service, "telemetry", "transport"]);
  for (const [key, { owner }] of Object.entries<MetricRow>(METRICS))
    if (owners.has(owner) && !instruments.has(key as MetricKey)) register(key as MetricKey);
}

/** None: how often and how long in all, of each kind. */
const GC_SECONDS: number[] = [];
/** Forty series of heap spaces, what nobody draws of the event loop, and gauges that end like counters. */
const LEFT_OUT = [
  "nodejs_eventloop_lag_min_seconds",
  "nodejs_eventloop_lag_mean_seconds",
  "nodejs_eventloop_lag_stddev_seconds",
  "nodejs_eventloop_lag_p50_seconds",
  "nodejs_eventloop_lag_p90_seconds",
  "nodejs_heap_space_size_total_bytes",
  "nodejs_heap_space_size_used_bytes",
  "nodejs_heap_space_size_available_bytes",
  "nodejs_active_resources",
  "nodejs_active_resources_total",
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
];

/** What `GET /metrics` answers. */
export async function exposition(): Promise<{ contentType: string; body: string }> {
  purgeMetrics();
  await refreshGauges();
  return { contentType: registry.contentType, body: await registry.metrics() };
}

/**
 * One series as the registry holds it: of a histogram its buckets (label `le`, cumulative), its sum and its count.
 */
export type Sample = { name: string; labels: Readonly<Record<string, string | number>>; value: number };

/** Every series of the table's metrics, as the registry holds them now. */
export async function readRegistry(): Promise<ReadonlyMap<MetricKey, readonly Sample[]>> {
  purgeMetrics();
  await refreshGauges();
  return new Map(await Promise.all([...instruments].map(samplesOf)));
}

async function samplesOf([key, { sets }]: [MetricKey, Instrument]): Promise<[MetricKey, Sample[]]> {
  const { name } = sets.row;
  const { values } = (await registry.getSingleMetric(name)!.get()) as { values: RawSample[] };
  return [key, values.map(({ metricName = name, labels, value }) => ({ name: metricName, labels, value }))];
}

type RawSample = { metricName?: string; labels: Record<string, string | number>; value: number };

let keptMs = 3_600_000;

/** Says how long a label set is kept that nothing is recorded under. */
export function keepMetricsFor(ttlMs: number): void {
  keptMs = ttlMs;
}

/**
 * Takes away label sets that nothing was recorded under for a time, and gives their place to others. Only of metrics
 * whose label values are not all listed in the table: the others cannot grow. Every look at the metrics does this
 * first, so an idle process needs no timer. Returns how many it took away.
 */
export function purgeMetrics(ttlMs = keptMs): number {
  const oldestMs = performance.now() - ttlMs;
  const isOld = ({ touchedMs, isKept }: LabelSet): boolean => !isKept && touchedMs < oldestMs;
  const growing = [...instruments.values()].filter(({ sets }) => canGrow(sets));
  return growing.reduce((purged, one) => purged + drop(one, isOld), 0);
}

function drop({ sets, remove }: Instrument, isOld: (set: LabelSet) => boolean): number {
  const old = dropLabelSets(sets, isOld);
  for (const { labels } of old) remove(labels);
  return old.length;
}

type GaugeReader = {
  read: () => Promise<readonly Point[]>;
  startedMs: number;
  /** What was read last, for all who look meanwhile. */
  points: Promise<readonly Point[]>;
};

/** How long what was read holds, and how long a scrape waits for it. */
const GAUGES_HOLD_MS = 5000;
const GAUGES_WITHIN_MS = 1000;

const gaugeReaders = new Set<GaugeReader>();

/**
 * Has gauges read when somebody looks, at most every 5 s and for at most 1 s. What cannot be read then is not there:
 * an old number would look like a new one. Returns how to stop it.
 */
export function readGauges(read: () => Promise<readonly Point[]>): () => void {
  const reader = { read, startedMs: Number.NEGATIVE_INFINITY, points: Promise.resolve([]) };
  gaugeReaders.add(reader);
  return () => void gaugeReaders.delete(reader);
}

async function refreshGauges(): Promise<void> {
  const points = (await Promise.all([...gaugeReaders].map(pointsOf))).flat();
  for (const one of instruments.values()) if (one.sets.row.kind === "gauge") drop(one, () => true);
  for (const point of points) recordPoint(point);
}

function pointsOf(reader: GaugeReader): Promise<readonly Point[]> {
  const nowMs = performance.now();
  if (nowMs - reader.startedMs < GAUGES_HOLD_MS) return reader.points;
  reader.startedMs = nowMs;
  // Whoever does not answer in time is somebody else; a reader that fails is a bug.
  const late = new Promise<[]>((resolve) => setTimeout(resolve, GAUGES_WITHIN_MS, []).unref());
  reader.points = Promise.race([reader.read(), late]).catch(() => {
    record("observeFailures", {});
    return [];
  });
  return reader.points;
}

function register(metric: MetricKey): Instrument {
  const sets = openLabelSets(METRICS[metric]);
  const instrument = { sets, ...writerOf(sets) };
  instruments.set(metric, instrument);
  for (const set of listedLabelSets(sets)) instrument.write(set, 0, NO_EXEMPLAR);
  return instrument;
}

function writerOf({ row, labelNames }: LabelSets): Omit<Instrument, "sets"> {
  const options = {
    name: row.name,
    help: `${row.means} [${row.unit}]`,
    labelNames: [...labelNames],
    registers: [registry],
    enableExemplars: row.exemplar === true,
  };
  if (row.kind === "gauge") {
    const gauge = new Gauge(options);
    const write = ({ labels, isOverflow }: LabelSet, value: number): void =>
      // What had no place of its own stands there as a sum.
      isOverflow ? gauge.inc(labels, value) : gauge.set(labels, value);
    return { write, remove: (labels) => gauge.remove(labels) };
  }
  if (row.kind === "counter") {
    const counter = new Counter(options);
    const remove = (labels: Labels): void => counter.remove(labels);
    if (!row.exemplar) return { write: ({ labels }, value) => counter.inc(labels, value), remove };
    return { write: ({ labels }, value, exemplar) => counter.inc({ labels, value, ...exemplar }), remove };
  }
  const histogram = new Histogram({ ...options, buckets: [...row.buckets!] });
  const remove = (labels: Labels): void => histogram.remove(labels);
  if (!row.exemplar) return { write: ({ labels }, value) => histogram.observe(labels, value), remove };
  return {
    write: ({ labels }, value, exemplar) => histogram.observe({ labels, value, ...exemplar }),
    remove,
  };
}

const NO_EXEMPLAR: Exemplar = {};

/** A span, if it is recorded: an exemplar that leads to no trace helps nobody. */
function exemplarOf(span = trace.getSpanContext(context.active())): Exemplar {
  const isSampled = span !== undefined && (span.traceFlags & TraceFlags.SAMPLED) !== 0;
  return isSampled ? { exemplarLabels: { trace_id: span.traceId, span_id: span.spanId } } : NO_EXEMPLAR;
}
