import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { record, type Sample } from "./metrics.ts";
import { snapshotMetrics, summariesOf, summarizeMetrics, type MetricSummary } from "./metrics-summary.ts";
import type { MetricRow } from "./names.ts";

const HISTOGRAM: MetricRow = {
  name: "waits_seconds",
  kind: "histogram",
  unit: "s",
  means: "of a test",
  owner: "telemetry",
  stability: "stable",
  labels: {},
  buckets: [1, 2, 4],
};

/** What a histogram with the bounds 1, 2 and 4 holds after these observations, as a registry tells it. */
function histogramOf(values: readonly number[]): Sample[] {
  const upTo = (bound: number): number => values.filter((value) => value <= bound).length;
  return [
    ...[1, 2, 4].map((le) => ({ name: "waits_seconds_bucket", labels: { le }, value: upTo(le) })),
    { name: "waits_seconds_bucket", labels: { le: "+Inf" }, value: values.length },
    { name: "waits_seconds_sum", labels: {}, value: values.reduce((sum, value) => sum + value, 0) },
    { name: "waits_seconds_count", labels: {}, value: values.length },
  ];
}

/** Sums of doubles are off by less than this here. */
const ROUNDING = 1e-9;

const summaryOf = (values: readonly number[]): MetricSummary =>
  summariesOf(HISTOGRAM, histogramOf(values))[0]!;

test("count and sum are exact; percentiles are interpolated in their bucket, min and max are bounds", () => {
  assert.deepEqual(summaryOf([0.5, 1.5, 1.5, 3]), {
    name: "waits_seconds",
    kind: "histogram",
    unit: "s",
    labels: {},
    count: 4,
    sum: 6.5,
    min: 0,
    max: 4,
    p50: 1.5,
    p95: 3.5999999999999996,
    p99: 3.92,
    value: null,
    basis: "buckets",
  });
});

test("one observation is known exactly", () => {
  const { min, max, p50, p99, basis } = summaryOf([3.25]);
  assert.deepEqual(
    { min, max, p50, p99, basis },
    { min: 3.25, max: 3.25, p50: 3.25, p99: 3.25, basis: "exact" },
  );
});

test("of what lies beyond the last bound, that bound is told as the percentile, and the maximum that the sum allows", () => {
  const { p99, max } = summaryOf([1, 100, 200]);
  assert.deepEqual({ p99, max }, { p99: 4, max: 297 });
});

test("where all lie in one bucket, they lie around their mean, which is exact", () => {
  const { min, max, p50, p95 } = summaryOf([2.25, 2.25, 2.25, 2.25]);
  assert.deepEqual({ min, max, p50 }, { min: 2, max: 3, p50: 2.25 });
  assert.equal(p95!.toFixed(3), "2.475");
});

const countedOf = (values: readonly number[]): MetricSummary =>
  summariesOf({ ...HISTOGRAM, unit: "{attempt}" }, histogramOf(values))[0]!;

test("what is counted is whole, and what the sum leaves no choice about is known", () => {
  const { min, max, p50, p99 } = countedOf([1, 1, 1]);
  assert.deepEqual({ min, max, p50, p99 }, { min: 1, max: 1, p50: 1, p99: 1 });
  assert.equal(countedOf([1, 2, 2, 4]).p50, 2);
  assert.equal(countedOf([1, 3, 4, 4, 4]).p50, 3);
});

test("an empty histogram has a count and a sum, and nothing else", () => {
  const { count, sum, min, p50 } = summaryOf([]);
  assert.deepEqual({ count, sum, min, p50 }, { count: 0, sum: 0, min: null, p50: null });
});

test("whatever was observed: min and max enclose it, percentiles rise and stay inside", () => {
  const values = fc.array(fc.double({ min: 0, max: 4, noNaN: true }), { minLength: 2, maxLength: 30 });
  fc.assert(
    fc.property(values, (seen) => {
      const { count, sum, min, max, p50, p95, p99 } = summaryOf(seen);
      assert.equal(count, seen.length);
      assert.equal(
        sum,
        seen.reduce((total, value) => total + value, 0),
      );
      assert.ok(min! <= Math.min(...seen) + ROUNDING && max! >= Math.max(...seen) - ROUNDING);
      assert.ok(p50! <= p95! && p95! <= p99!);
      assert.ok(p50! >= min!);
    }),
  );
});

test("a counter counts, a gauge stands somewhere, and neither has a spread", () => {
  const counter = { ...HISTOGRAM, name: "runs_total", kind: "counter" as const };
  const [counted] = summariesOf(counter, [{ name: "runs_total", labels: { outcome: "failed" }, value: 7 }]);
  assert.deepEqual(
    [counted!.labels, counted!.count, counted!.sum, counted!.p50],
    [{ outcome: "failed" }, 7, 7, null],
  );
  const gauge = { ...HISTOGRAM, name: "pending", kind: "gauge" as const };
  const [standing] = summariesOf(gauge, [{ name: "pending", labels: {}, value: 3 }]);
  assert.deepEqual([standing!.value, standing!.count, standing!.max], [3, null, null]);
});

test("the metrics of the first Genesis are there under their names, with their labels", async () => {
  record("planSteps", { phase: "top_level" }, 3);
  record("planSteps", { phase: "final" }, 8);
  record("routings", { agent: "biller", task_type: "billing", rule: "r1", method: "rule" });
  record("qualityScore", { profile: "aop-v1", verdict: "rejected" }, 0.4);
  const summary = await summarizeMetrics();
  assert.deepEqual(
    summary["htdag.task_count"]!.map(({ labels, sum }) => [labels["phase"], sum]),
    [
      ["top_level", 3],
      ["final", 8],
    ],
  );
  assert.deepEqual(
    summary["htdag.final_task_count"]!.map(({ sum }) => sum),
    [8],
  );
  const [routing] = summary["halo.routing.decision"]!;
  assert.equal(routing!.labels["agent"], "biller");
  assert.equal(routing!.labels["task_type"], "billing");
  assert.equal(routing!.count, 1);
  const [score] = summary["aop.validation.score"]!;
  assert.equal(score!.labels["passed"], "false");
  assert.equal(score!.p50, 0.4);
  assert.deepEqual(summary["aop_quality_score"]![0]!.labels, { profile: "aop-v1", verdict: "rejected" });
});

test("an operation is there by its name too", async () => {
  record("operationSeconds", { operation: "halo.apply_rules" }, 0.002);
  const [entry] = (await summarizeMetrics())["halo.apply_rules.duration"]!;
  assert.equal(entry!.count, 1);
});

test("a snapshot is every value by itself, as JSON", async () => {
  record("runsFinished", { outcome: "cancelled" });
  const at = "2026-01-01T00:00:00.000Z";
  const snapshots = await snapshotMetrics(at);
  assert.deepEqual(
    snapshots.find(({ labels }) => labels["outcome"] === "cancelled"),
    { name: "run_completed_total", value: 1, unit: "{run}", labels: { outcome: "cancelled" }, timestamp: at },
  );
  assert.deepEqual(JSON.parse(JSON.stringify(snapshots)), snapshots);
});
