import assert from "node:assert/strict";
import { test } from "node:test";
import type { MetricSummary, MetricsSummary } from "../../shared/telemetry/observability.ts";
import { metricLines, metricsNotes } from "./metrics.ts";
import { PLAIN } from "./paint.ts";

const NONE = { count: null, sum: null, min: null, max: null, p50: null, p95: null, p99: null, value: null };
const entry = (name: string, more: Partial<MetricSummary>): MetricSummary => {
  return { name, kind: "counter", unit: "{run}", labels: {}, basis: "exact", ...NONE, ...more };
};
const linesOf = (service: string, metrics: MetricsSummary): string[] =>
  metricLines({ service, metrics, all: false }, PLAIN);
const histogram = { kind: "histogram", unit: "s", basis: "buckets" } as const;

test("what has happened comes before what stands at a value", () => {
  const metrics = {
    capacity: [entry("capacity", { kind: "gauge", value: 4 })],
    runs_total: [entry("runs_total", { count: 1, sum: 1 })],
  };
  const names = linesOf("agents", metrics).slice(2);
  assert.deepEqual(
    names.map((line) => line.split(" ")[0]),
    ["runs_total", "capacity"],
  );
});

test("counters count, gauges stand at a value, histograms spread, and estimates are marked", () => {
  const metrics = {
    run_completed_total: [
      entry("run_completed_total", { labels: { outcome: "completed" }, count: 12_345, sum: 12_345 }),
    ],
    wait_seconds: [
      entry("wait_seconds", {
        ...histogram,
        count: 3,
        sum: 0.132,
        min: 0.01,
        p50: 0.021,
        p95: 0.1,
        p99: 0.12,
        max: 0.13,
      }),
      entry("wait_seconds", {
        ...histogram,
        labels: { template: "x.y", error_type: "" },
        count: 1,
        sum: 2,
        min: 2,
        p50: 2,
        p95: 2,
        p99: 2,
        max: 2,
        basis: "exact",
      }),
    ],
    score: [
      entry("score", {
        kind: "histogram",
        unit: "1",
        count: 1,
        sum: 0.79,
        min: 0.79,
        p50: 0.79,
        p95: 0.79,
        p99: 0.79,
        max: 0.79,
      }),
    ],
    stream_bytes: [entry("stream_bytes", { kind: "gauge", unit: "By", value: 549_069 })],
  };
  assert.deepEqual(linesOf("aop", metrics), [
    "aop",
    "METRIC               LABELS             COUNT   SUM     MIN     P50     P95      P99      MAX      NOW",
    "run_completed_total  outcome=completed  12,345",
    "wait_seconds                            3       132 ms  ~10 ms  ~21 ms  ~100 ms  ~120 ms  ~130 ms",
    "wait_seconds         template=x.y       1       2 s     2 s     2 s     2 s      2 s      2 s",
    "score                                   1       0.79    0.79    0.79    0.79     0.79     0.79",
    "stream_bytes                                                                                       536.2 KiB",
  ]);
});

test("what was never recorded takes no line, nor what stands under another name as well", () => {
  const tasks = entry("htdag_tasks", { ...histogram, unit: "{step}", count: 1, sum: 7 });
  const metrics = {
    htdag_tasks: [tasks],
    "htdag.task_count": [tasks],
    silent_total: [entry("silent_total", { count: 0, sum: 0 })],
  };
  assert.deepEqual(linesOf("htdag", metrics), [
    "htdag",
    "METRIC       LABELS  COUNT  SUM  MIN  P50  P95  P99  MAX  NOW",
    "htdag_tasks          1      7",
  ]);
  assert.deepEqual(linesOf("idle", {}), ["idle", "nothing was recorded yet"]);
});

test("what is at 0 is hidden, and that is said where there is some, until it is asked for", () => {
  const metrics = {
    silent_total: [entry("silent_total", { count: 0, sum: 0 })],
    capacity: [entry("capacity", { kind: "gauge", value: 0 })],
    runs_total: [entry("runs_total", { count: 1, sum: 1 })],
  };
  const hiding = { service: "execution", metrics, all: false };
  assert.equal(metricsNotes([hiding])[1], "2 rows at 0 are hidden; --all shows all");
  assert.equal(metricsNotes([{ ...hiding, metrics: { runs_total: metrics.runs_total } }]).length, 1);
  const all = { ...hiding, all: true };
  assert.equal(metricsNotes([all]).length, 1);
  assert.deepEqual(metricLines(all, PLAIN).slice(2), [
    "silent_total          0",
    "runs_total            1",
    "capacity                                                   0",
  ]);
});

test("labels from outside reach a terminal as plain text of bounded length", () => {
  const [, , line] = linesOf("x", {
    a_total: [entry("a_total", { count: 1, labels: { agent: `\u001b[2J\n${"z".repeat(500)}` } })],
  });
  assert.match(line!, /^a_total +agent=\\u001b\[2J⏎z+… +1$/);
});
