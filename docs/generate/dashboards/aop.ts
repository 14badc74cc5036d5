import { orangeFrom } from "./colours.ts";
import type { Row } from "./dashboard.ts";
import { to, toTraces } from "./links.ts";
import { number, overTime, rows, spread } from "./panels.ts";
import { distribution, grown, is, perSecond, quantile, share, standing } from "./promql.ts";
import { holds, named } from "./traceql.ts";

const toRuns = to("run", "Look at single runs");
const toOverview = to("overview", "Overview");
const toRejected = toTraces("Plans that were rejected", named("aop.validate", holds("passed", "=", false)));

/** What is thought of the plans, and how often they are made again. */
export const AOP_ROW: Row = {
  title: "AOP: how good the plans are",
  panels: [
    spread({
      title: "Quality score",
      means:
        "Of every plan that was judged, from 0 to 1. A second cloud below the first is a kind of task that is planned badly.",
      unit: "percentunit",
      links: [toRejected],
      expr: distribution("qualityScore"),
    }),
    overTime({
      title: "Quality score, p50",
      means: "The median, by profile and verdict. A dot is one plan: it opens its trace.",
      unit: "percentunit",
      links: [toRejected],
      exemplars: true,
      queries: [
        {
          expr: quantile(0.5, "qualityScore", { by: ["profile", "verdict"] }),
          legend: "{{profile}}: {{verdict}}",
        },
      ],
    }),
    overTime({
      title: "Share of checks that failed",
      means: "By check. quality can fail with every step sound; the others are faults of the plan.",
      unit: "percentunit",
      links: [toRejected],
      queries: [
        {
          expr: `${perSecond("checks", { by: ["check"], where: { result: is("failed") } })} / ${perSecond("checks", { by: ["check"] })}`,
          legend: "{{check}}",
        },
      ],
      valueLinks: [
        toTraces(
          "Where this check failed",
          `{ name = "aop.check.\${__field.labels.check}" && ${holds("passed", "=", false)} }`,
        ),
      ],
    }),
    rows({
      title: "Findings against plans",
      means:
        "By code; docs/contract.md says what each means. AOP counts a code from its first finding, which is no growth to Prometheus: so these are totals, whatever the time shown. AOP may forget a code that was not counted for an hour.",
      unit: "short",
      links: [toRejected],
      queries: [{ expr: standing("planFailures", { by: ["type"] }), legend: "findings" }],
    }),
    number({
      title: "Steps that repeat another one",
      means: "In the time shown, in all plans. They cost as much as the step that they repeat.",
      unit: "short",
      colours: orangeFrom(1),
      width: 12,
      links: [toRejected],
      queries: [{ expr: grown("redundant"), legend: "steps" }],
    }),
    spread({
      title: "Replans of a run",
      means:
        "Revisions of its plan beyond the first, of every run that ended. Most should have none; a run that reaches the limit is rejected.",
      unit: "short",
      links: [toTraces("Runs that were planned again", named("invoke_workflow", holds("rounds", ">", 0)))],
      expr: distribution("runRounds"),
    }),
    overTime({
      title: "Share of plans that passed",
      means: "What does not pass is planned again, with what was found. No line: nothing was judged.",
      unit: "percentunit",
      links: [toOverview],
      queries: [
        {
          expr: share(
            perSecond("qualityScore", { where: { verdict: is("passed") } }),
            perSecond("qualityScore"),
          ),
          legend: "passed",
        },
      ],
    }),
    overTime({
      title: "Duration of judging",
      means: "Of one plan: every check, and the score.",
      unit: "s",
      links: [toRuns],
      exemplars: true,
      queries: [
        { expr: quantile(0.5, "validateSeconds"), legend: "p50" },
        { expr: quantile(0.95, "validateSeconds"), legend: "p95" },
      ],
    }),
  ],
};
