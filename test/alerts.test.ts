import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT_ROOT } from "../shared/config.ts";
import { METRICS } from "../shared/telemetry/names.ts";
import { ALERT_FILES, alertsOf, casesOf } from "./support/alerts.ts";

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
    const names = [...expr.matchAll(/[a-z_]+_(?:total|bucket|count|inflight|capacity|pending)\b/g)]
      .map(([name]) => name.replace(/_(bucket|count)$/, ""))
      .filter((name) => !name.startsWith("otelcol_"));
    for (const name of names) assert.ok(known.has(name), name);
  });

  test(`${alert} is tested firing, silent and without data`, () => {
    const own = casesOf(file).filter(({ alert_rule_test: asked }) =>
      asked.every(({ alertname }) => alertname === alert),
    );
    const fires = ({ alert_rule_test: asked }: (typeof own)[number]): boolean =>
      asked.every(({ exp_alerts: expected }) => expected.length > 0);
    const withData = own.filter(({ input_series: series }) => series !== undefined);
    const without = own.filter(({ input_series: series }) => series === undefined);
    assert.ok(withData.some(fires), "fires");
    assert.ok(
      withData.some((one) => !fires(one)),
      "silent",
    );
    assert.deepEqual(without.map(fires), [FIRES_WITHOUT_DATA.includes(alert)], "without data");
    for (const { name } of own) assert.ok(name.startsWith(`${alert}: `), name);
  });
}
