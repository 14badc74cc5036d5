import {
  DashboardLinkBuilder,
  DashboardLinkType,
  type DashboardLink,
} from "@grafana/grafana-foundation-sdk/dashboard";

/** The dashboards, by the uid that links rely on. */
export const DASHBOARDS = {
  overview: { uid: "genesis-overview", title: "Genesis: overview" },
  run: { uid: "genesis-run", title: "Genesis: run explorer" },
  layers: { uid: "genesis-layers", title: "Genesis: the three layers" },
  agents: { uid: "genesis-agents", title: "Genesis: agents and cost" },
  health: { uid: "genesis-health", title: "Genesis: bus and telemetry" },
} as const;

export type DashboardKey = keyof typeof DASHBOARDS;

/** Where one can go from a panel, or from a value in it. */
export type Link = { title: string; url: string };

/**
 * To another dashboard, over the same time.
 *
 * @param variables what its variables are to be, Grafana's own variables included
 */
export function to(
  dashboard: DashboardKey,
  title: string,
  variables: Readonly<Record<string, string>> = {},
): Link {
  const parts = Object.entries(variables).map(([name, value]) => `var-${name}=${value}`);
  return { title, url: `/d/${DASHBOARDS[dashboard].uid}?${["${__url_time_range}", ...parts].join("&")}` };
}

/** To the traces that a TraceQL query finds, in Explore. */
export function toTraces(title: string, query: string): Link {
  const search = { refId: "A", datasource: { type: "tempo", uid: "tempo" }, queryType: "traceql", query };
  return toExplore(title, "tempo", search);
}

/** To a metric, in Explore. */
export function toMetric(title: string, expr: string): Link {
  const datasource = { type: "prometheus", uid: "prometheus" };
  return toExplore(title, "prometheus", { refId: "A", datasource, expr, range: true, exemplar: true });
}

function toExplore(title: string, datasource: string, query: object): Link {
  const range = { from: "${__from}", to: "${__to}" };
  const panes = JSON.stringify({ a: { datasource, queries: [query], range } });
  // Grafana puts values in place of ${…} only where it can read them.
  const encoded = encodeURIComponent(panes).replaceAll(
    /%24%7B([\w.%]+?)%7D/g,
    (_, name: string) => `\${${decodeURIComponent(name)}}`,
  );
  return { title, url: `/explore?schemaVersion=1&panes=${encoded}` };
}

/** A link as panels and values in them have it. */
export function linkJson({ title, url }: Link): { build: () => DashboardLink } {
  return inSight(new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url));
}

/** The links at the top of a dashboard: to all of them, over the same time. */
export function topLinks(tag: string): { build: () => DashboardLink } {
  const builder = new DashboardLinkBuilder("Genesis").type(DashboardLinkType.Dashboards);
  return inSight(builder.tags([tag]).keepTime(true));
}

/** The SDK puts every link into a menu unless it is told where it is to be, and it cannot be told to put it in sight. */
function inSight(builder: DashboardLinkBuilder): { build: () => DashboardLink } {
  const { placement: _, ...link } = builder.build();
  return { build: () => link };
}
