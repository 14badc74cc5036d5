import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT_ROOT } from "../shared/config.ts";
import { LOG_EVENTS, METRICS, SERVICE_LAYERS } from "../shared/telemetry/names.ts";
import { ALERT_FILES, alertsOf, casesOf, runbookQueries } from "./support/alerts.ts";

// What every alert has beside its expression. That the cases come true is for promtool, in test/stack.
const SEVERITIES = ["critical", "warning", "info", "none"];
/** Those that no data is no silence for. */
const FIRES_WITHOUT_DATA = ["TelemetrySilent"];
const ALERTS = ALERT_FILES.flatMap((file) => alertsOf(file).map((alert) => ({ ...alert, file })));
const RUNBOOKS = readFileSync(join(PROJECT_ROOT, "docs", "runbooks.md"), "utf8");

/** The text below a heading, by its anchor. */
function sectionOf(anchor: string): string {
  const sections = RUNBOOKS.split(/^## /m).slice(1);
  return sections.find((text) => text.split("\n")[0]!.toLowerCase().replaceAll(" ", "-") === anchor) ?? "";
}

test("there are a dozen alerts by hand, and those of the objectives, each name once", () => {
  assert.ok(alertsOf("alerts.yaml").length >= 12);
  assert.equal(alertsOf("slo.yaml").length, 8);
  assert.equal(new Set(ALERTS.map(({ alert }) => alert)).size, ALERTS.length);
});

test("what the runbooks quote of the log is said there, and shown: people do not see the word under `event`", () => {
  const sources = ["shared", "services"].flatMap((folder) =>
    globSync(`${folder}/**/*.ts`, { cwd: PROJECT_ROOT, exclude: ["**/*.test.ts"] }),
  );
  const code = sources.map((path) => readFileSync(join(PROJECT_ROOT, path), "utf8")).join("");
  const quoted = [...RUNBOOKS.matchAll(/"([a-z]+(?: [a-z]+)+)"/g)].map(([words]) => words);
  assert.ok(quoted.length >= 4);
  for (const words of quoted) assert.ok(code.includes(words), words);
  for (const event of Object.keys(LOG_EVENTS))
    if (/[._]/.test(event)) assert.ok(!RUNBOOKS.includes(`\`${event}\``), event);
});

test("a query of the runbooks can be pasted: it names series that there are, not a histogram without its suffix", () => {
  const kinds = new Map<string, string>(Object.values(METRICS).map(({ name, kind }) => [name, kind]));
  const prefixes = new Set([...kinds.keys()].map((name) => name.split("_")[0]!));
  for (const query of runbookQueries()) {
    const named = [...query.matchAll(/(?<![\w"])([a-z]+)_[a-z0-9_]+\b(?!\s*[=(]|[^{}]*\})/g)]
      .filter(([name, prefix = ""]) => prefixes.has(prefix) && name !== "label_replace")
      .map(([name]) => name);
    for (const name of named) {
      const histogram = name.replace(/_(bucket|count|sum)$/, "");
      const isSeries = kinds.get(histogram) === "histogram" ? histogram !== name : kinds.has(name);
      assert.ok(isSeries, `${name} in ${query}`);
    }
  }
});

test("every service of a cell is missed when it is gone", () => {
  const { expr } = ALERTS.find(({ alert }) => alert === "StageDown")!;
  const named = [...expr.matchAll(/"job", "([a-z]+)"/g)].map(([, job]) => job);
  assert.deepEqual(named, Object.keys(SERVICE_LAYERS));
});

for (const { alert, file, expr, labels, annotations } of ALERTS) {
  test(`${alert} says how bad it is, what it is and what to do`, () => {
    assert.ok(SEVERITIES.includes(labels["severity"] ?? ""));
    assert.deepEqual(Object.keys(annotations).toSorted(), ["description", "runbook_url", "summary"]);
    const [path = "", anchor = ""] = annotations["runbook_url"]!.split("#");
    assert.ok(existsSync(join(PROJECT_ROOT, path)));
    const section = sectionOf(anchor);
    for (const part of ["Means", "Impact", "Look", "Mend"])
      assert.equal(section.split(`- **${part}**: `).length, 2, `${part} of ${anchor}`);
  });

  test(`${alert} asks for metrics that there are`, () => {
    const known = new Set(Object.values(METRICS).map(({ name }) => name as string));
    const names = [...expr.matchAll(/[a-z_]+_(?:total|bucket|count|inflight|capacity|pending|healthy)\b/g)]
      .map(([name]) => name.replace(/_(bucket|count)$/, ""))
      .filter((name) => !name.startsWith("otelcol_"));
    for (const name of names) assert.ok(known.has(name), name);
  });

  test(`${alert} is tested firing, silent and without data`, () => {
    const own = casesOf(file).filter(({ alert_rule_test: asked }) =>
      asked.every(({ alertname }) => alertname === alert),
    );
    const fires = ({ alert_rule_test: asked }: (typeof own)[number]): boolean =>
      asked.some(({ exp_alerts: expected }) => expected.length > 0);
    const withData = own.filter(({ input_series: series }) => series !== undefined);
    const without = own.filter(({ input_series: series }) => series === undefined);
    assert.ok(withData.some(fires), "fires");
    assert.ok(
      withData.some((one) => !fires(one)),
      "silent",
    );
    assert.deepEqual(without.map(fires), [FIRES_WITHOUT_DATA.includes(alert)], "without data");
    for (const one of own) {
      const says = one.input_series === undefined ? "no data" : fires(one) ? "fires" : "silent, ";
      assert.ok(one.name.startsWith(`${alert}: ${says}`), one.name);
    }
  });
}
