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
    "- empty agents. **Goal missed**: at most 15 µs CPU a span (+23.8 [+23.8, +23.8] µs). " +
      "Goal kept: p50, scaled from 42 spans a run to 21: at most +0.5 ms (+0.0 [+0.0, +0.0] ms); " +
      "p50 at most 1 % more (+0.5 [+0.5, +0.5] %); throughput at most 1 % less (+0.5 [+0.5, +0.5] %).",
  );
});

test("what is unknown is neither kept nor missed", () => {
  const comparisons = [arm("off", 0, 40), arm("on", 0, 20)];
  const text = goalsText({ name: "empty agents", ratePerSecond: 50, spansPerRun: 21, comparisons });
  assert.match(text, /^- empty agents\. Goal kept: at most 15 µs CPU a span .*Unknown: p50, scaled/);
  assert.doesNotMatch(text, /missed/);
});
