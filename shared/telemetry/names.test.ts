import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ERRORS } from "../contract/errors.ts";
import { STEP_DEFAULTS } from "../domain/methods.ts";
import { PROJECT_ROOT } from "../config.ts";
import {
  ATTRIBUTE,
  ATTRIBUTES,
  LOG_EVENTS,
  LOG_KEYS,
  METRICS,
  RESERVED_METRICS,
  RESOURCE_ATTRIBUTES,
  SEED_METRICS,
  SERVICE_LAYERS,
  SPANS,
  SPAN_EVENTS,
  SpanType,
  TRANSPORT_SPANS,
  type MetricRow,
  type NameRow,
  type SeedMetric,
  type SpanRow,
} from "./names.ts";

const rows = Object.entries<MetricRow>(METRICS);

/** What runs, without its tests and without the table itself. */
const SOURCES = globSync("{shared,services,cli,local}/**/*.ts", { cwd: PROJECT_ROOT })
  .filter((path) => !path.endsWith(".test.ts") && path !== "shared/telemetry/names.ts")
  .map((path) => ({ path, source: readFileSync(join(PROJECT_ROOT, path), "utf8") }));
const ALL = SOURCES.map(({ source }) => source).join("\n");

test("every row says what it means, who writes it and how firm it is", () => {
  const tables: Record<string, NameRow>[] = [
    TRANSPORT_SPANS,
    SPANS,
    SPAN_EVENTS,
    ATTRIBUTES,
    METRICS,
    LOG_KEYS,
    LOG_EVENTS,
  ];
  for (const row of [...tables.flatMap((table) => Object.values(table)), ...RESOURCE_ATTRIBUTES]) {
    assert.ok(row.means.length > 0);
    assert.ok(["stable", "development", "reserved"].includes(row.stability));
    assert.ok([...Object.keys(SERVICE_LAYERS), "transport", "telemetry"].includes(row.owner));
  }
});

test("no two metrics have a name in common", () => {
  const names = [...rows.map(([, row]) => row.name), ...Object.keys(RESERVED_METRICS)];
  assert.equal(new Set(names).size, names.length);
});

for (const [key, row] of rows) {
  test(`${key}: the name says kind and unit, and each label is bounded`, () => {
    assert.match(row.name, /^[a-z][a-z0-9_]*$/);
    assert.equal(row.name.endsWith("_total"), row.kind === "counter");
    assert.equal(row.name.endsWith("_seconds"), row.unit === "s");
    assert.equal(row.name.endsWith("_bytes"), row.unit === "By");
    assert.match(row.unit, /^(s|By|1|\{[a-z]+\})$/);
    assert.equal(row.buckets !== undefined, row.kind === "histogram");
    assert.deepEqual(
      row.buckets,
      row.buckets?.toSorted((a, b) => a - b),
    );
    for (const [label, bound] of Object.entries(row.labels)) {
      assert.match(label, /^[a-z][a-z_]*$/);
      const size = "values" in bound ? bound.values.length : bound.atMost;
      assert.ok(size >= 1 && size <= 100, `${label} may take ${size} values`);
    }
  });
}

test("a histogram that sees attempts has bounds beyond the time that one is given", () => {
  const longestS = STEP_DEFAULTS.timeoutMs / 1000;
  for (const key of ["processSeconds", "queueWaitSeconds", "stageSeconds", "stepSeconds"] as const)
    assert.ok(METRICS[key].buckets!.at(-1)! > longestS, key);
});

test("a dead letter is counted under any code of the contract, and from 0 on under each", () => {
  assert.deepEqual(METRICS.deadLetters.labels.code.values, Object.keys(ERRORS));
});

test("attribute and log keys are unique and well formed", () => {
  const attributes = [...Object.values(ATTRIBUTE), ...RESOURCE_ATTRIBUTES.map(({ name }) => name)];
  assert.equal(new Set(attributes).size, attributes.length);
  for (const key of attributes) assert.match(key, /^[a-z_]+(\.[a-z_]+)+$/);
  for (const key of Object.keys(LOG_KEYS)) assert.match(key, /^[a-z]+(_[a-z]+)*$/);
  for (const key of ["goal", "input", "output", "result", "results", "context", "data", "payload"])
    assert.ok(!Object.hasOwn(LOG_KEYS, key), `${key} must never be logged`);
});

test("a span's histogram is one of seconds, and its labels are attributes", () => {
  for (const { seconds } of Object.values<SpanRow>(SPANS)) {
    if (seconds === undefined) continue;
    const row: MetricRow = METRICS[seconds.metric as keyof typeof METRICS];
    assert.equal(row.unit, "s");
    assert.deepEqual(Object.keys(seconds.labels), Object.keys(row.labels));
  }
});

test("the names of the first Genesis lead to metrics and labels that there are", () => {
  for (const { metric, where = {}, label } of Object.values<SeedMetric>(SEED_METRICS)) {
    const labels: MetricRow["labels"] = METRICS[metric].labels;
    const used = label === undefined ? Object.keys(where) : [...Object.keys(where), label.from];
    for (const name of used) assert.ok(name in labels, `${metric} has no ${name}`);
  }
});

test("every service belongs to a layer, and every layer is a type of span", () => {
  const services = globSync("services/*/main.ts", { cwd: PROJECT_ROOT }).map((path) => path.split("/")[1]!);
  for (const service of services) assert.ok(Object.hasOwn(SERVICE_LAYERS, service), service);
  assert.deepEqual(Object.keys(SpanType), ["ORCHESTRATION", "HTDAG", "HALO", "AOP", "EXECUTION"]);
});

test("every part that a decision names is a span of the table", () => {
  const strays = SOURCES.filter(({ path }) => path.startsWith("services/"))
    .flatMap(({ path, source }) => partsNamedIn(source).map((name) => `${path}: ${name}`))
    .filter((found) => !Object.keys(SPANS).some((name) => name.startsWith(found.split(": ")[1]!)));
  assert.deepEqual(strays, []);
});

/** The literal names of `part(…)` calls, without their keys; of a template the part before its first expression. */
function partsNamedIn(source: string): string[] {
  return [...source.matchAll(/\bpart\(\s*["'`]([^"'`$ ]+)/g)].map(([, name]) => name!);
}

test("the words under `event` in our log lines are those of the table, and every one of them is written", () => {
  const written = SOURCES.filter(({ path }) => !path.startsWith("services/agents/"))
    .flatMap(({ source }) => [...source.matchAll(/\{ ?event: "([a-z_.]+)"/g)])
    .map(([, event]) => event!);
  const ends = [...ALL.matchAll(/endAs\([^)]*"([a-z_]+)"/g)].map(([, event]) => event!);
  const strays = [...written, ...ends].filter((event) => !Object.hasOwn(LOG_EVENTS, event));
  assert.deepEqual(strays, []);
  const unused = Object.keys(LOG_EVENTS).filter((event) => !ALL.includes(`"${event}"`));
  assert.deepEqual(unused, []);
});

const isUsed = (key: string): boolean => new RegExp(`ATTRIBUTE\\.${key}\\b`).test(ALL);

test("what is not reserved is written somewhere", () => {
  const attributes = Object.entries<NameRow>(ATTRIBUTES).filter(
    ([, { stability }]) => stability !== "reserved",
  );
  assert.deepEqual(
    attributes.map(([key]) => key).filter((key) => !isUsed(key)),
    [],
  );
  const metrics = rows.map(([key]) => key).filter((key) => !ALL.includes(`"${key}"`));
  assert.deepEqual(
    metrics.filter((key) => !Object.values<SpanRow>(SPANS).some(({ seconds }) => seconds?.metric === key)),
    [],
  );
});
