import { AGENTS } from "./agents.ts";
import { dashboardJson, type Dashboard } from "./dashboard.ts";
import { HEALTH } from "./health.ts";
import { LAYERS } from "./layers.ts";
import { DASHBOARDS } from "./links.ts";
import { OVERVIEW } from "./overview.ts";
import { RUN_EXPLORER } from "./run-explorer.ts";

const ALL: readonly Dashboard[] = [OVERVIEW, RUN_EXPLORER, LAYERS, AGENTS, HEALTH];

/** Grafana's dashboards, each a file that it reads when it starts and whenever it changes. */
export const DASHBOARD_DOCUMENTS: Readonly<Record<string, () => string>> = Object.fromEntries(
  ALL.map((dashboard) => [
    `deploy/grafana/dashboards/${DASHBOARDS[dashboard.key].uid}.json`,
    () => dashboardJson(dashboard),
  ]),
);
