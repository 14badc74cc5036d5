import { AOP_ROW } from "./aop.ts";
import type { Dashboard } from "./dashboard.ts";
import { HALO_ROW } from "./halo.ts";
import { HTDAG_ROW } from "./htdag.ts";
import { to } from "./links.ts";
import { overTime } from "./panels.ts";
import { quantile } from "./promql.ts";

/** What each layer decides: how plans are made, who gets the steps, and what is thought of the result. */
export const LAYERS: Dashboard = {
  key: "layers",
  means:
    "HTDAG makes a plan, HALO gives its steps to agents, AOP judges the whole: what they decide, how clearly, and how fast.",
  rows: [
    HTDAG_ROW,
    HALO_ROW,
    AOP_ROW,
    {
      title: "Parts of the decisions",
      panels: [
        overTime({
          title: "Duration of each part, p95",
          means:
            "Parts without a panel of their own, by the name of their span: trying the rules, each check, the score. A dot opens a trace with it.",
          unit: "s",
          width: 24,
          links: [to("run", "Look at single runs")],
          exemplars: true,
          queries: [
            { expr: quantile(0.95, "operationSeconds", { by: ["operation"] }), legend: "{{operation}}" },
          ],
        }),
      ],
    },
  ],
};
