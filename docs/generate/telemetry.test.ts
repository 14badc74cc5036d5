import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import {
  ATTRIBUTES,
  LOG_EVENTS,
  LOG_KEYS,
  METRICS,
  SPANS,
  SPAN_EVENTS,
} from "../../shared/telemetry/names.ts";
import { TELEMETRY_DOCUMENTS } from "./telemetry.ts";

const textOf = (path: string): string => TELEMETRY_DOCUMENTS[path]!();

test("the reference page has a line for every name", () => {
  const page = textOf("docs/telemetry-reference.md");
  const names = [
    ...Object.keys(SPANS),
    ...Object.keys(SPAN_EVENTS),
    ...Object.values(ATTRIBUTES).map(({ name }) => name),
    ...Object.values(METRICS).map(({ name }) => name),
    ...Object.keys(LOG_KEYS),
    ...Object.keys(LOG_EVENTS),
  ];
  assert.ok(names.length > 150);
  const missing = names.filter((name) => !page.includes(`| \`${name}\``) && !page.includes(`| \`${name} {`));
  assert.deepEqual(missing, []);
});

test("the Collector lets every attribute through, and each once", () => {
  const allowed = parse(textOf("deploy/collector/allowed-attributes.yaml")) as string[];
  assert.equal(new Set(allowed).size, allowed.length);
  for (const { name } of Object.values(ATTRIBUTES)) assert.ok(allowed.includes(name), name);
  for (const content of ["gen_ai.input.messages", "gen_ai.output.messages", "exception.message"])
    assert.ok(!allowed.includes(content), content);
});

test("the recording rules ask for metrics and labels that there are", () => {
  type Rules = { groups: { rules: { record: string; expr: string }[] }[] };
  const { groups } = parse(textOf("deploy/prometheus/recording-rules.yaml")) as Rules;
  const rules = groups.flatMap((group) => group.rules);
  const known = new Set<string>(Object.values(METRICS).map(({ name }) => name));
  for (const { record, expr } of rules) {
    assert.match(record, /^genesis:[a-z_]+:[a-z0-9_]+$/);
    const asked = [...expr.matchAll(/rate\(([a-z_]+?)(?:_bucket)?[[{]/g)].map(([, name]) => name!);
    assert.ok(asked.length > 0);
    for (const name of asked) assert.ok(known.has(name), name);
  }
  assert.ok(rules.some(({ record }) => record.includes("run_success")));
});
