import { readRegistry, type Sample } from "./metrics.ts";
import { METRICS, SEED_METRICS, type MetricKey, type MetricRow, type SeedMetric } from "./names.ts";

/**
 * What one label set of a metric comes to. The registry keeps no single observations, so of a histogram only `count`
 * and `sum` are exact: percentiles are interpolated inside their bucket, or around the mean where there is one bucket
 * alone; `min` and `max` are the bounds between which the lowest and the highest observation must lie, taken on the
 * safe side. What the registry cannot say is null: a
 * counter counts and has no spread, a gauge only stands at a value.
 */
export type MetricSummary = {
  /** The Prometheus name. */
  name: string;
  kind: MetricRow["kind"];
  unit: string;
  labels: Record<string, string>;
  count: number | null;
  sum: number | null;
  min: number | null;
  max: number | null;
  p50: number | null;
  p95: number | null;
  p99: number | null;
  /** What a gauge stands at. */
  value: number | null;
  /** How the numbers were come by: `exact`, or `buckets` where all but count and sum are estimates. */
  basis: "exact" | "buckets";
};

/** Summaries by the name of the metric, and by the names that the first Genesis gave some of them. */
export type MetricsSummary = Record<string, MetricSummary[]>;

/** One value of a metric at a time, as JSON. */
export type MetricSnapshot = {
  name: string;
  value: number;
  unit: string;
  labels: Record<string, string>;
  /** RFC 3339, UTC. */
  timestamp: string;
};

/** The label of a histogram's bucket. */
const BOUND = "le";
const OPERATION = "operation";

/** Sums up every metric of this process, out of the registry that `/metrics` shows and of nothing else. */
export async function summarizeMetrics(): Promise<MetricsSummary> {
  const registry = await readRegistry();
  const summary: MetricsSummary = {};
  for (const [key, samples] of registry) summary[METRICS[key].name] = summariesOf(METRICS[key], samples);
  for (const entry of summary[METRICS.operationSeconds.name] ?? [])
    (summary[`${entry.labels[OPERATION]}.duration`] ??= []).push(entry);
  for (const [name, seed] of Object.entries<SeedMetric>(SEED_METRICS)) {
    const entries = summary[METRICS[seed.metric].name] ?? [];
    const named = seedEntries(entries, seed);
    if (named.length > 0) summary[name] = named;
  }
  return summary;
}

/** Every value that the registry holds, one by one. */
export async function snapshotMetrics(timestamp = new Date().toISOString()): Promise<MetricSnapshot[]> {
  const registry: ReadonlyMap<MetricKey, readonly Sample[]> = await readRegistry();
  return [...registry].flatMap(([key, samples]) =>
    samples.map(({ name, labels, value }) => {
      return { name, value, unit: METRICS[key].unit, labels: textOf(labels), timestamp };
    }),
  );
}

/** Summaries of one metric's series, by label set. */
export function summariesOf(row: MetricRow, samples: readonly Sample[]): MetricSummary[] {
  const sets = Map.groupBy(samples, ({ labels }) => JSON.stringify(withoutBound(labels)));
  return [...sets].map(([labels, ofSet]) => {
    const about = { name: row.name, kind: row.kind, unit: row.unit, labels: textOf(JSON.parse(labels)) };
    return {
      ...about,
      ...NOTHING,
      ...(row.kind === "histogram" ? spreadOf(row, ofSet) : amountOf(row, ofSet[0]!)),
    };
  });
}

function withoutBound(labels: Sample["labels"]): Sample["labels"] {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name !== BOUND));
}

const NOTHING = {
  count: null,
  sum: null,
  min: null,
  max: null,
  p50: null,
  p95: null,
  p99: null,
  value: null,
  basis: "exact" as const,
};

function amountOf({ kind }: MetricRow, { value }: Sample): Partial<MetricSummary> {
  return kind === "gauge" ? { value } : { count: value, sum: value };
}

function spreadOf({ name, unit }: MetricRow, samples: readonly Sample[]): Partial<MetricSummary> {
  const valueOf = (suffix: string): number =>
    samples.find((one) => one.name === `${name}_${suffix}`)?.value ?? 0;
  const [count, sum] = [valueOf("count"), valueOf("sum")];
  if (count === 0) return { count, sum, basis: "buckets" };
  // One observation is its own sum.
  if (count === 1) return { count, sum, min: sum, max: sum, p50: sum, p95: sum, p99: sum, basis: "exact" };
  const filled = filledBuckets(samples.filter((one) => one.name === `${name}_bucket`));
  const [min, max] = boundsOf(filled, sum);
  const at = (share: number): number => {
    const estimate = filled.length === 1 ? around(sum / count, filled[0]!, share) : quantile(filled, share);
    // What is counted is whole.
    return clamp(unit.startsWith("{") ? Math.ceil(estimate) : estimate, min, max);
  };
  return { count, sum, min, max, p50: at(0.5), p95: at(0.95), p99: at(0.99), basis: "buckets" };
}

/** A bucket that holds something: `holds` observations above `from` and at most `to`; `below` lie in lower ones. */
type Bucket = { from: number; to: number; holds: number; below: number };

function filledBuckets(samples: readonly Sample[]): Bucket[] {
  const sorted = samples
    .map(({ labels, value }) => ({ to: boundOf(labels[BOUND]), upTo: value }))
    .toSorted((a, b) => a.to - b.to);
  return sorted
    .map(({ to, upTo }, i): Bucket => {
      const { to: from, upTo: below } = sorted[i - 1] ?? { to: 0, upTo: 0 };
      return { from, to, holds: upTo - below, below };
    })
    .filter(({ holds }) => holds > 0);
}

/**
 * Between which the lowest and the highest observation lie: inside their buckets, and no further than the sum allows
 * if all the others are as high, or as low, as theirs let them be.
 */
function boundsOf(filled: readonly Bucket[], sum: number): [min: number, max: number] {
  const [first, last] = [filled[0]!, filled.at(-1)!];
  const lowest = filled.reduce((total, { from, holds }) => total + from * holds, 0);
  const highest = filled.reduce((total, { to, holds }) => total + to * holds, 0);
  const min = Number.isFinite(highest) ? Math.max(first.from, first.to - (highest - sum)) : first.from;
  return [min, Math.min(last.to, last.from + Math.max(0, sum - lowest))];
}

/** Where all lie in one bucket: as far around their mean as the bucket reaches to both sides, evenly. */
function around(mean: number, { from, to }: Bucket, share: number): number {
  return mean + (2 * share - 1) * Math.max(0, Math.min(mean - from, to - mean));
}

/**
 * As Prometheus' `histogram_quantile`: linear inside the bucket that holds the observation; of what lies beyond the
 * last bound, that bound.
 */
function quantile(filled: readonly Bucket[], share: number): number {
  const last = filled.at(-1)!;
  const rank = share * (last.below + last.holds);
  const { from, to, holds, below } = filled.find((one) => one.below + one.holds >= rank)!;
  return Number.isFinite(to) ? from + ((to - from) * (rank - below)) / holds : from;
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}

function boundOf(le: string | number | undefined): number {
  return le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le);
}

function seedEntries(entries: readonly MetricSummary[], { where = {}, label }: SeedMetric): MetricSummary[] {
  return entries
    .filter(({ labels }) => Object.entries(where).every(([name, value]) => labels[name] === value))
    .map((entry) => {
      const value = label && label.values[entry.labels[label.from] ?? ""];
      const added = label && value !== undefined ? { [label.name]: value } : {};
      return { ...entry, labels: { ...entry.labels, ...added } };
    });
}

function textOf(labels: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}
