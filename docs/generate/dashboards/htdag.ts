import type { Row } from "./dashboard.ts";
import { to, toTraces } from "./links.ts";
import { inASecond, overTime, spread } from "./panels.ts";
import { distribution, is, mean, perSecond, quantile } from "./promql.ts";
import { holds, named } from "./traceql.ts";

const toRuns = to("run", "Look at single runs");
const toAgents = to("agents", "Agents and cost");

/** What plans look like, what makes them, how long it takes. */
export const HTDAG_ROW: Row = {
  title: "HTDAG: what plans look like",
  panels: [
    overTime({
      title: "Plans by what made them",
      means: "Per second. fallback: no method had a plan. empty: the plan has no steps.",
      unit: inASecond("plans"),
      links: [toTraces("Plans that fell back", named("htdag.decompose", holds("planner", "=", "fallback")))],
      queries: [
        { expr: perSecond("plans", { by: ["planner", "result"] }), legend: "{{planner}}: {{result}}" },
      ],
    }),
    overTime({
      title: "Duration of planning, p95",
      means: "Of one revision, by what made it. Methods take microseconds.",
      unit: "s",
      links: [toRuns],
      exemplars: true,
      queries: [{ expr: quantile(0.95, "decomposeSeconds", { by: ["planner"] }), legend: "{{planner}}" }],
    }),
    spread({
      title: "Steps of a plan",
      means: "On all levels. Plans that grow over time cost more.",
      unit: "short",
      links: [toAgents],
      expr: distribution("planSteps", { where: { phase: is("final") } }),
    }),
    overTime({
      title: "Levels of a plan",
      means: "The mean. One level: no dependencies. Many levels: a long critical path.",
      unit: "short",
      links: [toRuns],
      queries: [{ expr: mean("planDepth"), legend: "levels" }],
    }),
    overTime({
      title: "Updates of running plans",
      means: "Per second, by the answer. So far every update is refused.",
      unit: inASecond("updates"),
      links: [toRuns],
      queries: [
        { expr: perSecond("planUpdates", { by: ["outcome", "reason"] }), legend: "{{outcome}}: {{reason}}" },
      ],
    }),
  ],
};
