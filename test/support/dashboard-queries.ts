import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../shared/config.ts";

/** A question of a panel, in PromQL or TraceQL, with Grafana's variables in it. `panel` is `DASHBOARD: TITLE`. */
export type Asked = { dashboard: string; panel: string; text: string };

type Target = { expr?: string; query?: string };
type Dashboard = { uid: string; panels: { title: string; targets?: Target[] }[] };

/** The dashboards as they are shipped. */
export const DASHBOARDS: readonly Dashboard[] = globSync("deploy/grafana/dashboards/*.json", {
  cwd: PROJECT_ROOT,
})
  .toSorted()
  .map((file) => JSON.parse(readFileSync(join(PROJECT_ROOT, file), "utf8")) as Dashboard);

const asked = (textOf: (target: Target) => string | undefined): Asked[] =>
  DASHBOARDS.flatMap(({ uid, panels }) =>
    panels.flatMap(({ title, targets = [] }) =>
      targets
        .map(textOf)
        .filter((text) => text !== undefined)
        .map((text) => ({ dashboard: uid, panel: `${uid}: ${title}`, text })),
    ),
  );

/** What is asked of Prometheus. */
export const METRIC_QUERIES = asked(({ expr }) => expr);
/** What is asked of Tempo. */
export const TRACE_QUERIES = asked(({ query }) => query);

/** As Grafana puts it over an hour: with the shortest interval for a rate, and everything that can be chosen chosen. */
export function promqlOf(text: string): string {
  return text
    .replaceAll("$__rate_interval", "1m")
    .replaceAll("$__range", "1h")
    .replaceAll(/=~"\$\{\w+\}"/g, '=~".*"');
}

/** As Grafana puts it for one run. @param id a run id or a correlation id */
export function traceqlOf(text: string, id: string): string {
  return text.replaceAll("${id}", id);
}
