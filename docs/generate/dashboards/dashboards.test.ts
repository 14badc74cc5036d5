import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import { PROJECT_ROOT } from "../../../shared/config.ts";
import { FILES, LINKS, PANELS } from "../../../test/support/dashboard-panels.ts";
import { DASHBOARDS } from "./links.ts";

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

test("every number says which colour it has: else Grafana makes all from 80 on red", () => {
  const numbers = PANELS.filter((one) => one.panel.type === "stat");
  for (const { where, panel } of numbers)
    assert.equal(panel.fieldConfig?.defaults.thresholds?.steps[0]?.value, null, where);
});

test("colours change at rising values", () => {
  for (const { where, panel } of PANELS) {
    const from = (panel.fieldConfig?.defaults.thresholds?.steps ?? []).map(({ value }) => value ?? -Infinity);
    assert.deepEqual(
      from,
      from.toSorted((a, b) => a - b),
      where,
    );
  }
});

test("what has an own look is a column of its table", () => {
  for (const { where, panel } of PANELS) {
    const columns = (panel.targets ?? []).flatMap(({ expr = "", legendFormat = "" }) => [
      legendFormat,
      ...(/ by \(([^)]*)\)/.exec(expr)?.[1]?.split(", ") ?? []),
    ]);
    for (const { matcher } of panel.fieldConfig?.overrides ?? [])
      assert.ok(columns.includes(matcher.options as string), `${where}: ${String(matcher.options)}`);
  }
});

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
