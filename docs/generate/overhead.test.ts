import assert from "node:assert/strict";
import { test } from "node:test";
import type { Comparison } from "../../bench/overhead/compare.ts";
import { goalsText } from "./overhead.ts";

const just = (value: number) => ({ median: value, low: value, high: value });

/** What was measured of an arm, each figure without any doubt. */
const arm = (name: string, cpuMs: number, percent: number): Comparison => ({
  name,
  base: { p50Ms: 10, p99Ms: 20, cpuMsPerRun: 5, runsPerSecond: 100 },
  addedP50Ms: just(percent / 10),
  p50Percent: just(percent),
  p99Percent: just(percent),
  throughputLossPercent: just(percent),
  addedCpuMsPerRun: just(cpuMs),
  cpuPercent: just(percent),
  addedMiB: 1,
});

test("a goal that was measured to be missed is said to be, with what was scaled, and only of telemetry whose Collector answers", () => {
  const comparisons = [arm("off", 0, 0), arm("on", 1, 0.5), arm("hangs", 9, 99)];
  const text = goalsText({ name: "empty agents", ratePerSecond: 50, spansPerRun: 42, comparisons });
  assert.equal(
    text,
    "- empty agents: **missed**: at most 15 µs CPU a span. " +
      "kept: p50, scaled from 42 spans a run to 21: at most +0.5 ms; p50 at most 1 % more; throughput at most 1 % less.",
  );
});

test("what is missed but for the noise is most likely missed, and what is unknown is neither kept nor missed", () => {
  const likely = [arm("off", 0, 40), arm("on", 0, 20)];
  const about = { name: "empty agents", ratePerSecond: 50, spansPerRun: 21 };
  assert.match(
    goalsText({ ...about, comparisons: likely }),
    /^- empty agents: \*\*most likely missed\*\* \(.*\): p50, scaled.* kept: at most 15 µs CPU a span\.$/,
  );
  const unknown = [arm("off", 0, 40), arm("on", 0, 0.5)];
  const text = goalsText({ ...about, comparisons: unknown });
  assert.match(text, /unknown: p50, scaled/);
  assert.doesNotMatch(text, /missed/);
});
