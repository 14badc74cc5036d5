import { PACE_ROW, STUCK_ROW } from "./bus.ts";
import { UP_OR_DOWN } from "./colours.ts";
import type { Dashboard } from "./dashboard.ts";
import { to } from "./links.ts";
import { BELIEF_ROW, PROCESSES_ROW } from "./observers.ts";
import { number } from "./panels.ts";
import { smallest } from "./promql.ts";

const toOverview = to("overview", "Overview");

/** What carries the work, and what watches it. */
export const HEALTH: Dashboard = {
  key: "health",
  means:
    "Does the bus keep up, is anything stuck or given up, and is the telemetry of the other dashboards complete?",
  rows: [
    {
      title: "Is everything there",
      panels: [
        number({
          title: "Services that can be reached",
          means:
            "up: every process of the service answered when its metrics were last fetched. A service without any process is not here; the alert StageDown names it.",
          unit: "short",
          colours: UP_OR_DOWN,
          width: 12,
          links: [toOverview],
          queries: [{ expr: smallest("up", { by: ["job"] }), legend: "{{job}}" }],
        }),
        number({
          title: "Connections to the broker",
          means:
            "up: every process of the service is connected, and the broker has refused it nothing for a minute.",
          unit: "short",
          colours: UP_OR_DOWN,
          width: 12,
          links: [toOverview],
          queries: [{ expr: smallest("brokerHealthy", { by: ["job"] }), legend: "{{job}}" }],
        }),
      ],
    },
    PACE_ROW,
    STUCK_ROW,
    BELIEF_ROW,
    PROCESSES_ROW,
  ],
};
