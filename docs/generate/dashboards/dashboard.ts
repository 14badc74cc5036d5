import {
  DashboardBuilder,
  DashboardCursorSync,
  QueryVariableBuilder,
  RowBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DASHBOARDS, topLinks, type DashboardKey } from "./links.ts";
import type { Panel } from "./panels.ts";

/** A dashboard as it is written: rows of panels, which are laid out from left to right. */
export type Dashboard = {
  key: DashboardKey;
  means: string;
  variables?: readonly Variable[];
  rows: readonly Row[];
};

/** Panels under a title of their own. */
export type Row = { title: string; panels: readonly Panel[] };

/** What a person chooses at the top: out of the values that a label has, or by typing it. */
export type Variable = { name: string; label: string } & ({ valuesOf: string } | { typed: true });

/** What the links between them find them by. */
const TAG = "genesis";

/** A dashboard as Grafana reads it, in the classic model: the one that file provisioning has always taken. */
export function dashboardJson({ key, means, variables = [], rows }: Dashboard): string {
  const { uid, title } = DASHBOARDS[key];
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(means)
    .tags([TAG])
    .readonly()
    .time({ from: "now-1h", to: "now" })
    .refresh("30s")
    .tooltip(DashboardCursorSync.Crosshair)
    .link(topLinks(TAG))
    .variables(variables.map(variable));
  let id = 0;
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title).id(++id));
    for (const panel of row.panels) {
      const json = panel.build();
      builder.withPanel({ build: () => ({ ...json, id: ++id }) });
    }
  }
  return JSON.stringify(builder.build(), null, 2);
}

function variable(about: Variable): QueryVariableBuilder | TextBoxVariableBuilder {
  if ("typed" in about) return new TextBoxVariableBuilder(about.name).label(about.label).defaultValue("");
  return new QueryVariableBuilder(about.name)
    .label(about.label)
    .datasource({ type: "prometheus", uid: "prometheus" })
    .query({ qryType: 1, query: about.valuesOf, refId: about.name })
    .definition(about.valuesOf)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue(".*")
    .current({ text: "All", value: "$__all" });
}
