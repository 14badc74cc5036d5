import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { PROJECT_ROOT } from "../../../shared/config.ts";
import { ATTRIBUTE, METRICS, type MetricRow } from "../../../shared/telemetry/names.ts";
import { FILES, LINKS, PANELS, TARGETS } from "../../../test/support/dashboard-panels.ts";

// What the dashboards ask for, against the table of names and what else is written.
const read = (path: string): string => readFileSync(join(PROJECT_ROOT, path), "utf8");

test("what a chosen label is called is a label of the metric", () => {
  const queries = FILES.flatMap(({ dashboard }) => dashboard.templating.list ?? []).flatMap(({ query }) =>
    typeof query === "string" ? [] : [query.query],
  );
  assert.ok(queries.length > 0);
  for (const query of queries) {
    const [, metric, label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(query)!;
    const row = Object.values<MetricRow>(METRICS).find(({ name }) => name === metric);
    assert.ok(row && label in row.labels, query);
  }
});
/** The names that a query asks for: what is left of it without texts, labels, durations and functions. */
function metricsIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/"[^"]*"/g, '""')
    .replaceAll(/\{[^}]*\}/g, "")
    .replaceAll(/\[[^\]]*\]/g, "")
    .replaceAll(/\b(?:by|on|without|ignoring) \([^)]*\)/g, "");
  return [...bare.matchAll(/(?<!\w)[a-z_:][\w:]*(?!\w|\s*\()/gi)]
    .map(([name]) => name)
    .filter((name) => !["or", "and", "unless", "bool", "sum", "max", "min"].includes(name));
}

/** The first column of the table of metrics on the page: whole names, and beginnings that end in `…`. */
function namesOnThePage(): { names: Set<string>; beginnings: string[] } {
  const rows = read("docs/stack.md").split("\n");
  const cells = rows
    .filter((row) => row.startsWith("| `"))
    .flatMap((row) => row.split("|")[1]!.match(/`[^`]+`/g)!);
  const all = cells.map((cell) => cell.slice(1, -1));
  return {
    names: new Set(all.filter((name) => !name.endsWith("…"))),
    beginnings: all.filter((name) => name.endsWith("…")).map((name) => name.slice(0, -1)),
  };
}

/** What the rules of Prometheus write. */
function recorded(): Set<string> {
  const files = globSync("deploy/prometheus/{recording-rules,rules/*}.yaml", { cwd: PROJECT_ROOT });
  type Rules = { groups: { rules: { record?: string }[] }[] };
  const groups = files.flatMap((file) => (parse(read(file)) as Rules).groups);
  return new Set(groups.flatMap(({ rules }) => rules.flatMap(({ record }) => record ?? [])));
}

test("every metric of every query is in the table of names, on the page about the stack, or made by a rule", () => {
  const { names, beginnings } = namesOnThePage();
  const ours = Object.values<MetricRow>(METRICS).flatMap(({ name, kind }) =>
    kind === "histogram" ? ["_bucket", "_sum", "_count"].map((suffix) => name + suffix) : [name],
  );
  const known = new Set([...ours, ...recorded(), ...names]);
  const isKnown = (name: string): boolean =>
    known.has(name) ||
    known.has(name.replace(/_(bucket|sum|count)$/, "")) ||
    beginnings.some((beginning) => name.startsWith(beginning));
  const asked = TARGETS.flatMap(({ where, target }) =>
    metricsIn(target.expr ?? "").map((name) => ({ where, name })),
  );
  assert.ok(asked.length > 60);
  assert.deepEqual(
    asked.filter(({ name }) => !isKnown(name)),
    [],
  );
});

test("a share of an objective's events is shown of enough, for every objective; a budget once one miss cannot spend it", () => {
  const { objectives, least } = parse(read("deploy/prometheus/slo.yaml")) as {
    objectives: { id: string; total: string; target: number }[];
    least: { events: number };
  };
  const shares = TARGETS.filter(({ target }) => /\bslo:/.test(target.expr ?? ""));
  assert.deepEqual(
    shares.map(({ where }) => where),
    ["genesis-overview: Error budget left", "genesis-overview: Missed in the last hour"],
  );
  const [budget, lastHour] = shares.map(({ target }) => target.expr!);
  for (const { id, total, target } of objectives) {
    const atLeast = (events: number, window: string): string =>
      `sum(increase(${total}[${window}])) >= ${events}, "slo", "${id}"`;
    assert.ok(lastHour!.includes(atLeast(least.events, "1h")), id);
    assert.ok(budget!.includes(atLeast(Math.round(1 / (1 - target)) + 1, "14d")), id);
  }
});

const MONEY: string[] = [METRICS.cost.name, METRICS.runCost.name];

test("money is shown in USD", () => {
  const money = PANELS.filter(({ panel }) =>
    (panel.targets ?? []).some(({ expr = "" }) => metricsIn(expr).some((name) => MONEY.includes(name))),
  );
  assert.equal(money.length, 2);
  for (const { where, panel } of money) {
    assert.equal(panel.fieldConfig?.defaults.unit, "currencyUSD", where);
    for (const { expr } of panel.targets!) assert.match(expr!, / \/ 1e6$/, where);
  }
});

test("every metric of the table of names is on a dashboard", () => {
  const asked = new Set(
    TARGETS.flatMap(({ target }) => metricsIn(target.expr ?? "")).map((name) =>
      name.replace(/_(bucket|sum|count)$/, ""),
    ),
  );
  const missing = Object.values<MetricRow>(METRICS)
    .map(({ name }) => name)
    .filter((name) => !asked.has(name));
  assert.deepEqual(missing, []);
});

/** Everything that is asked of Tempo, by a panel or behind a link. */
const TRACE_QUERIES = [
  ...TARGETS.map(({ target }) => target.query ?? ""),
  ...LINKS.map(({ link }) => decodeURIComponent(link.url)),
];

test("every attribute that a TraceQL query names is in the table of names", () => {
  const known = new Set<string>(Object.values(ATTRIBUTE));
  const named = TRACE_QUERIES.flatMap((query) =>
    [...query.matchAll(/\bspan\.([a-z_.]+)/g)].map(([, key]) => key!),
  );
  assert.ok(named.length > 30);
  assert.deepEqual(
    named.filter((key) => !known.has(key)),
    [],
  );
});

test("what is to be below a fraction may be 0: it is stored as an integer, which Tempo holds against integers alone", () => {
  const below = TRACE_QUERIES.flatMap((query) =>
    [...query.matchAll(/(span\.[a-z_.]+) < 0\.\d+/g)].map(([, attribute]) => ({ query, attribute })),
  );
  assert.ok(below.length > 0);
  for (const { query, attribute } of below) assert.ok(query.includes(`${attribute} = 0`), query);
});

test("the last of something are the most recent, and not those that were found first", () => {
  const last = TARGETS.filter(({ where }) => where.includes(": The last "));
  assert.ok(last.length > 0);
  for (const { where, target } of last) assert.match(target.query!, / with \(most_recent=true\)$/, where);
});

test("every histogram and counter with exemplars shows them, so that a number leads to a trace", () => {
  const withExemplar = Object.values<MetricRow>(METRICS).filter(({ exemplar }) => exemplar);
  const shown = TARGETS.filter(({ target }) => "exemplar" in target && target.exemplar === true).flatMap(
    ({ target }) => metricsIn(target.expr ?? ""),
  );
  const missing = withExemplar
    .map(({ name }) => name)
    .filter((name) => !shown.some((one) => one.replace(/_(bucket|sum|count)$/, "") === name));
  assert.deepEqual(missing, []);
});

/** Label sets that the table does not list, and that stay all the same: `countFromZero` makes them. */
const BEGUN_AT_0: string[] = [METRICS.spans.name, METRICS.cost.name];

test("a panel that tells what was since the start asks for metrics alone that never go", () => {
  const sinceTheStart = PANELS.filter(({ panel }) => /since (the|their) start/i.test(panel.description!));
  assert.ok(sinceTheStart.length > 0);
  const rows = Object.values<MetricRow>(METRICS);
  for (const { where, panel } of sinceTheStart)
    for (const name of (panel.targets ?? []).flatMap(({ expr = "" }) => metricsIn(expr))) {
      const labels = Object.values(rows.find((row) => row.name === name)!.labels);
      const stays = labels.every((label) => "values" in label) || BEGUN_AT_0.includes(name);
      assert.ok(stays, `${where}: ${name}`);
    }
});

test("a counter is shown as it grew in the time shown, or its panel says why it tells totals", () => {
  const counters = new Set(
    Object.values<MetricRow>(METRICS)
      .filter(({ kind }) => kind === "counter")
      .map(({ name }) => name),
  );
  const totals = PANELS.filter(({ panel }) =>
    (panel.targets ?? []).some(
      ({ expr = "" }) =>
        !/\b(rate|increase)\(/.test(expr) && metricsIn(expr).some((name) => counters.has(name)),
    ),
  );
  assert.deepEqual(
    totals.map(({ where }) => where),
    [
      "genesis-overview: Under way",
      "genesis-layers: Hits of each rule",
      "genesis-layers: Findings against plans",
    ],
  );
  for (const { where, panel } of totals)
    assert.match(panel.description!, /since their start, because|so these are totals/, where);
});
