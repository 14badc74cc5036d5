import { readRegistry, type Sample } from "./metrics.ts";
import { METRICS, SEED_METRICS, type MetricKey, type MetricRow, type SeedMetric } from "./names.ts";

/**
 * What one label set of a metric comes to. The registry keeps no single observations, so of a histogram only `count`
 * and `sum` are exact: percentiles are interpolated inside their bucket, `min` and `max` are the bounds between which
 * the lowest and the highest observation must lie, taken on the safe side. What the registry cannot say is null: a
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

/** How many observations are at most `bound`, in the order of the bounds. */
type Bucket = { bound: number; upTo: number };

function spreadOf({ name }: MetricRow, samples: readonly Sample[]): Partial<MetricSummary> {
  const valueOf = (suffix: string): number =>
    samples.find((one) => one.name === `${name}_${suffix}`)?.value ?? 0;
  const [count, sum] = [valueOf("count"), valueOf("sum")];
  if (count === 0) return { count, sum, basis: "buckets" };
  const buckets = samples
    .filter((one) => one.name === `${name}_bucket`)
    .map(({ labels, value }): Bucket => ({ bound: boundOf(labels[BOUND]), upTo: value }))
    .toSorted((a, b) => a.bound - b.bound);
  // One observation is its own sum; of several, none is larger than all together, since none is below zero.
  const only =
    count === 1 ? { min: sum, max: sum, p50: sum, p95: sum, p99: sum, basis: "exact" as const } : undefined;
  const max = Math.min(sum, buckets.find(({ upTo }) => upTo === count)!.bound);
  // Interpolation knows only its bucket, and may land above what the sum allows.
  const at = (share: number): number => Math.min(max, quantile(buckets, share));
  const spread = {
    min: lowest(buckets),
    max,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    basis: "buckets" as const,
  };
  return { count, sum, ...(only ?? spread) };
}

/** The lower bound of the first bucket that holds anything. */
function lowest(buckets: readonly Bucket[]): number {
  const first = buckets.findIndex(({ upTo }) => upTo > 0);
  return buckets[first - 1]?.bound ?? 0;
}

/**
 * As Prometheus' `histogram_quantile`: linear inside the bucket that holds the observation; of what lies beyond the
 * last bound, that bound.
 */
function quantile(buckets: readonly Bucket[], share: number): number {
  const rank = share * buckets.at(-1)!.upTo;
  const i = buckets.findIndex(({ upTo }) => upTo >= rank);
  const { bound, upTo } = buckets[i]!;
  const below = buckets[i - 1] ?? { bound: 0, upTo: 0 };
  if (bound === Number.POSITIVE_INFINITY) return below.bound;
  return below.bound + ((bound - below.bound) * (rank - below.upTo)) / (upTo - below.upTo);
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
