import assert from "node:assert/strict";
import { test } from "node:test";
import { selector } from "./slo.ts";

// What slo.yaml may ask for: Prometheus would take anything, and count what is not there as missed.
const WRITTEN = [
  "run_first_dispatch_seconds_count",
  `run_first_dispatch_seconds_bucket{le="1"}`,
  `run_completed_total{outcome="completed"}`,
  `run_completed_total{outcome!="cancelled"}`,
];
const NOT_WRITTEN = [
  "run_ended_total",
  "run_completed_total_count",
  "run_first_dispatch_seconds",
  "run_first_dispatch_seconds_bucket",
  `run_first_dispatch_seconds_bucket{le="1.5"}`,
  `run_first_dispatch_seconds_bucket{le="1.0"}`,
  `run_completed_total{outcome="done"}`,
  `run_completed_total{result="completed"}`,
  `run_completed_total{outcome=~"completed|failed"}`,
  `halo_agent_capacity{agent="a"}`,
];

test("an objective asks for series that the table of names has", () => {
  for (const text of WRITTEN) assert.equal(selector.safeParse(text).success, true, text);
});

test("an objective cannot ask for a metric, a label, an outcome or a bound that there is not", () => {
  for (const text of NOT_WRITTEN) assert.equal(selector.safeParse(text).success, false, text);
});
