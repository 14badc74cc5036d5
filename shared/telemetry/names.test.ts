import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { ERRORS } from "../contract/errors.ts";
import { PROJECT_ROOT } from "../config.ts";
import { exposition } from "./metrics.ts";
import { ATTRIBUTE, LOG_KEYS, METRICS, SERVICE_LAYERS, SPANS, type MetricRow } from "./names.ts";

const rows = Object.entries<MetricRow>(METRICS);

test("every metric has an instrument, and no two are the same", async () => {
  const { body } = await exposition();
  for (const [, row] of rows) {
    const family = row.name.replace(/_total$/, "");
    assert.ok(body.includes(`# TYPE ${family} ${row.buckets ? "histogram" : "counter"}\n`), row.name);
  }
  assert.equal(new Set(rows.map(([, row]) => row.name)).size, rows.length);
});

for (const [key, row] of rows) {
  test(`${key}: the name says kind and unit, and each label is bounded`, () => {
    assert.match(row.name, /^[a-z][a-z0-9_]*$/);
    assert.equal(row.name.endsWith("_total"), row.buckets === undefined);
    assert.equal(row.name.endsWith("_seconds"), row.unit === "s");
    assert.match(row.unit, /^(s|1|\{[a-z]+\})$/);
    assert.ok(row.means.length > 0);
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

test("there is room for every code of the contract in the label that holds codes", () => {
  const { code } = METRICS.deadLetters.labels;
  assert.ok(Object.keys(ERRORS).length + 1 <= code.atMost);
});

test("attribute and log keys are unique and well formed", () => {
  const attributes = Object.values(ATTRIBUTE);
  assert.equal(new Set(attributes).size, attributes.length);
  for (const key of attributes) assert.match(key, /^[a-z_]+(\.[a-z_]+)+$/);
  for (const key of Object.keys(LOG_KEYS)) assert.match(key, /^[a-z]+(_[a-z]+)*$/);
  for (const key of ["goal", "input", "output", "result", "results", "context", "data", "payload"])
    assert.ok(!Object.hasOwn(LOG_KEYS, key), `${key} must never be logged`);
});

test("every service belongs to a layer", () => {
  const services = globSync("services/*/main.ts", { cwd: PROJECT_ROOT }).map((path) => path.split("/")[1]!);
  for (const service of services) assert.ok(Object.hasOwn(SERVICE_LAYERS, service), service);
});

test("every part that a decision names is a span of the table", () => {
  const strays = globSync("services/**/*.ts", { cwd: PROJECT_ROOT })
    .filter((path) => !path.endsWith(".test.ts"))
    .flatMap((path) => partsNamedIn(path).map((name) => `${path}: ${name}`))
    .filter((found) => !Object.keys(SPANS).some((name) => name.startsWith(found.split(": ")[1]!)));
  assert.deepEqual(strays, []);
});

/** The literal names of `part(…)` calls; of a template the part before its first expression. */
function partsNamedIn(path: string): string[] {
  const source = readFileSync(`${PROJECT_ROOT}/${path}`, "utf8");
  return [...source.matchAll(/\bpart\(\s*["'`]([^"'`$]+)/g)].map(([, name]) => name!);
}
