import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { PROJECT_ROOT } from "../../../shared/config.ts";
import { ATTRIBUTE, METRICS, type MetricRow } from "../../../shared/telemetry/names.ts";
import { DASHBOARD_DOCUMENTS } from "./documents.ts";
import { DASHBOARDS } from "./links.ts";

type Link = { title: string; url: string };
type Target = {
  refId: string;
  datasource: { uid: string };
  expr?: string;
  query?: string;
  queryType?: string;
};
type Panel = {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: { uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  links?: Link[];
  targets?: Target[];
  fieldConfig?: { defaults: { unit?: string; links?: Link[] } };
};
type Dashboard = {
  uid: string;
  title: string;
  editable: boolean;
  panels: Panel[];
  templating: { list?: { name: string; query: string | { query: string } }[] };
};

const FILES = Object.entries(DASHBOARD_DOCUMENTS).map(([path, make]) => {
  return { path, text: make(), dashboard: JSON.parse(make()) as Dashboard };
});
const ALL = FILES.flatMap(({ dashboard }) =>
  dashboard.panels.map((panel) => ({ where: `${dashboard.uid}: ${panel.title}`, dashboard, panel })),
);
const PANELS = ALL.filter(({ panel }) => panel.type !== "row");
const TARGETS = PANELS.flatMap(({ where, panel }) =>
  (panel.targets ?? []).map((target) => ({ where, target })),
);
const LINKS = PANELS.flatMap(({ where, panel }) =>
  [...(panel.links ?? []), ...(panel.fieldConfig?.defaults.links ?? [])].map((link) => ({ where, link })),
);

const read = (path: string): string => readFileSync(join(PROJECT_ROOT, path), "utf8");

test("there are five, under uids that do not change, and no file beside theirs", () => {
  assert.deepEqual(
    FILES.map(({ dashboard }) => dashboard.uid),
    ["genesis-overview", "genesis-run", "genesis-layers", "genesis-agents", "genesis-health"],
  );
  for (const { path, dashboard } of FILES) assert.equal(basename(path), `${dashboard.uid}.json`);
  const files = globSync("deploy/grafana/dashboards/*", { cwd: PROJECT_ROOT });
  assert.deepEqual(files.toSorted(), FILES.map(({ path }) => path).toSorted());
});

test("what is changed in Grafana is not kept, so nobody is offered to", () => {
  for (const { dashboard } of FILES) assert.equal(dashboard.editable, false);
});

for (const { where, panel } of PANELS) {
  test(`${where}: says what it means, in which unit, and leads on`, () => {
    assert.ok((panel.description ?? "").length >= 15, "a description");
    assert.ok(panel.fieldConfig?.defaults.unit, "a unit");
    assert.ok((panel.links ?? []).length > 0, "a link");
    assert.ok(panel.type === "text" || (panel.targets ?? []).length > 0, "it asks something");
    for (const target of panel.targets ?? []) assert.equal(target.datasource.uid, panel.datasource!.uid);
    assert.ok(panel.type === "text" || ["prometheus", "tempo"].includes(panel.datasource!.uid));
  });
}

test("the ids of panels and the letters of queries are unique, and titles are", () => {
  for (const { dashboard } of FILES) {
    const ids = dashboard.panels.map(({ id }) => id);
    assert.deepEqual(
      ids,
      ids.map((_, index) => index + 1),
    );
    for (const { targets = [] } of dashboard.panels) {
      const letters = targets.map(({ refId }) => refId);
      assert.equal(new Set(letters).size, letters.length);
    }
    const titles = dashboard.panels.map(({ title }) => title);
    assert.equal(new Set(titles).size, titles.length);
  }
});

test("no panel lies on another, and none sticks out", () => {
  for (const { dashboard } of FILES) {
    const taken = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, `${dashboard.uid}: ${title}`);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(!taken.has(`${x} ${y}`), `${dashboard.uid}: ${title}`);
          taken.add(`${x} ${y}`);
        }
      }
    }
  }
});

test("every link leads to one of the dashboards, or to Explore with a query for a data source that there is", () => {
  const uids = new Set<string>(Object.values(DASHBOARDS).map(({ uid }) => uid));
  for (const { where, link } of LINKS) {
    const [path = "", search = ""] = link.url.split("?");
    if (path !== "/explore") {
      assert.ok(uids.has(path.replace(/^\/d\//, "")), `${where}: ${link.url}`);
      continue;
    }
    const panes = JSON.parse(new URLSearchParams(search).get("panes")!) as Record<
      string,
      { datasource: string; queries: { datasource: { uid: string } }[] }
    >;
    for (const { datasource, queries } of Object.values(panes)) {
      assert.ok(["prometheus", "tempo"].includes(datasource), where);
      for (const query of queries) assert.equal(query.datasource.uid, datasource, where);
    }
  }
});

/** The dashboards that the panels of one lead to. */
function leadsTo(from: string): string[] {
  const own = LINKS.filter(({ where }) => where.startsWith(`${from}:`));
  return own.flatMap(({ link }) => [...link.url.matchAll(/^\/d\/([a-z-]+)/g)].map(([, uid]) => uid!));
}

test("one can get from each dashboard to each other one", () => {
  for (const { dashboard } of FILES) {
    const seen = new Set([dashboard.uid]);
    for (const uid of seen) for (const next of leadsTo(uid)) seen.add(next);
    assert.equal(seen.size, FILES.length, dashboard.uid);
  }
});

test("every variable that is used is one of its dashboard, or Grafana's own", () => {
  for (const { path, text, dashboard } of FILES) {
    const own = (dashboard.templating.list ?? []).map(({ name }) => name);
    const used = [...text.matchAll(/\$\{?([a-z_]\w*)/gi)].map(([, name]) => name!);
    const unknown = used.filter((name) => !name.startsWith("__") && !own.includes(name));
    assert.deepEqual(unknown, [], path);
    for (const name of own) assert.ok(used.includes(name), `${path}: ${name} is used`);
    assert.ok(!/%24(?!__rate)/.test(text), `${path}: a link hides a variable from Grafana`);
  }
});

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
  return [...bare.matchAll(/[a-z_:][\w:]*(?!\w|\s*\()/gi)]
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

test("every attribute that a TraceQL query names is in the table of names", () => {
  const known = new Set<string>(Object.values(ATTRIBUTE));
  const linked = LINKS.map(({ link }) => decodeURIComponent(link.url));
  const asked = [...TARGETS.map(({ target }) => target.query ?? ""), ...linked];
  const named = asked.flatMap((query) => [...query.matchAll(/\bspan\.([a-z_.]+)/g)].map(([, key]) => key!));
  assert.ok(named.length > 30);
  assert.deepEqual(
    named.filter((key) => !known.has(key)),
    [],
  );
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
