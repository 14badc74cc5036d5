import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT_ROOT } from "../shared/config.ts";
import { ATTRIBUTE, METRICS, SPANS, SPAN_EVENTS, type MetricRow } from "../shared/telemetry/names.ts";
import { METRIC_ROWS, partOf, partsOf, QUOTATIONS } from "./support/guide.ts";

// The guide, next to the code that it describes; what it has people type is run in guide.bus.test.ts.

test("the guide has its parts", () => {
  assert.deepEqual(partsOf("##"), [
    "In short",
    "Architecture",
    "Getting started",
    "Metrics",
    "Traces",
    "Logs",
    "Correlation",
    "Integration",
    "Troubleshooting",
    "What it costs",
  ]);
  assert.deepEqual(partsOf("###", partOf("Integration")), [
    "A new stage",
    "An agent in TypeScript",
    "An agent in Python",
  ]);
});

test("every metric of the guide is one, with that unit and labels of its own", () => {
  assert.ok(METRIC_ROWS.length >= 12);
  const rows = new Map(Object.values<MetricRow>(METRICS).map((row) => [row.name, row]));
  for (const { name, unit, labels } of METRIC_ROWS) {
    const row = rows.get(name);
    assert.ok(row, name);
    assert.equal(unit, row.unit, name);
    assert.deepEqual(
      labels.filter((label) => !Object.hasOwn(row.labels, label)),
      [],
      name,
    );
  }
});

test("every name in the guide's text that looks like one of the telemetry's is one", () => {
  const page = readFileSync(join(PROJECT_ROOT, "docs/observability.md"), "utf8");
  const metrics = new Set(Object.values<MetricRow>(METRICS).map(({ name }) => name));
  const named = [...page.matchAll(/`([a-z]+(?:_[a-z]+)+)(?:\{[^`]*)?`/g)].map(([, name = ""]) => name);
  const others = ["trace_id", "span_id", "correlation_id"];
  const labels = new Set(Object.values<MetricRow>(METRICS).flatMap((row) => Object.keys(row.labels)));
  assert.deepEqual(
    named.filter((name) => !metrics.has(name) && !others.includes(name) && !labels.has(name)),
    [],
  );
  const dotted = [
    ...page.matchAll(/`((?:htdag|halo|aop|execution|genesis|messaging|gen_ai)\.[a-z_.]+)`/g),
  ].map(([, name = ""]) => name);
  const known = new Set<string>([
    ...Object.keys(SPANS),
    ...Object.keys(SPAN_EVENTS),
    ...Object.values(ATTRIBUTE),
    "genesis.submit",
    "genesis.tasks",
  ]);
  assert.deepEqual(
    dotted.filter((name) => !known.has(name)),
    [],
  );
});

for (const { file, text } of QUOTATIONS) {
  test(`what the guide quotes from ${file} stands there`, () => {
    assert.ok(readFileSync(join(PROJECT_ROOT, file), "utf8").includes(text), text);
  });
}
