import type { Dashboard } from "./dashboard.ts";
import { to, toTraces } from "./links.ts";
import { inASecond, number, overTime, rows, spread } from "./panels.ts";
import { distribution, is, mean, perSecond, quantile, share, standing } from "./promql.ts";
import { holds, named } from "./traceql.ts";

const toRuns = to("run", "Look at single runs");
const toAgents = to("agents", "Agents and cost");
const toOverview = to("overview", "Overview");
const toRejected = toTraces("Plans that were rejected", named("aop.validate", holds("passed", "=", false)));

/** What each layer decides: how plans are made, who gets the steps, and what is thought of the result. */
export const LAYERS: Dashboard = {
  key: "layers",
  means:
    "HTDAG makes a plan, HALO gives its steps to agents, AOP judges the whole: what they decide, how clearly, and how fast.",
  rows: [
    {
      title: "HTDAG: what plans look like",
      panels: [
        overTime({
          title: "Plans by what made them",
          means:
            "In a second. fallback: neither a method nor a model had a plan. empty: nothing to do came of it.",
          unit: inASecond("plans"),
          links: [
            toTraces("Plans that fell back", named("htdag.decompose", holds("planner", "=", "fallback"))),
          ],
          queries: [
            { expr: perSecond("plans", { by: ["planner", "result"] }), legend: "{{planner}}: {{result}}" },
          ],
        }),
        overTime({
          title: "Duration of planning, 95 of 100",
          means: "Of one revision, by what made it. A model takes seconds, methods take microseconds.",
          unit: "s",
          links: [toRuns],
          exemplars: true,
          queries: [{ expr: quantile(0.95, "decomposeSeconds", { by: ["planner"] }), legend: "{{planner}}" }],
        }),
        spread({
          title: "Steps of a plan",
          means: "All of them, not the top level alone. Plans that grow over time are plans that cost more.",
          unit: "short",
          links: [toAgents],
          expr: distribution("planSteps", { where: { phase: is("final") } }),
        }),
        overTime({
          title: "Levels of a plan",
          means: "The mean. A plan of one level has no dependencies; many levels are a long critical path.",
          unit: "short",
          links: [toRuns],
          queries: [{ expr: mean("planDepth"), legend: "levels" }],
        }),
      ],
    },
    {
      title: "HALO: who gets the steps, and how clearly",
      panels: [
        rows({
          title: "Hits of each rule",
          means:
            "Steps that each rule gave to an agent, since the start of HALO. A rule that is not here never hit; one without a name stands for decisions without a rule.",
          unit: "short",
          links: [toAgents],
          queries: [{ expr: standing("routings", { by: ["rule", "agent", "method"] }), legend: "steps" }],
          valueLinks: [
            toTraces(
              "Decisions of this rule",
              named("halo.decide", holds("ruleId", "=", "${__data.fields.rule}")),
            ),
          ],
        }),
        overTime({
          title: "What decided",
          means:
            "Steps in a second: by a rule, by capability alone, or by the fallback. Many of the last two mean that rules are missing.",
          unit: inASecond("steps"),
          links: [
            toTraces("Decisions by the fallback", named("halo.decide", holds("haloMethod", "=", "fallback"))),
          ],
          exemplars: true,
          queries: [{ expr: perSecond("routings", { by: ["method"] }), legend: "{{method}}" }],
        }),
        spread({
          title: "Margin of decisions",
          means:
            "How far the chosen agent's score was ahead of the next candidate's, where there was one. Near 0 the choice was a coin's throw, and a small change of a card turns it.",
          unit: "percentunit",
          links: [
            toTraces(
              "Decisions that were close",
              named("halo.decide", holds("candidateCount", ">", 1), holds("margin", "<", 0.02)),
            ),
          ],
          expr: distribution("margin"),
        }),
        overTime({
          title: "Candidates for a step",
          means: "The mean. 1 is no choice at all: when that agent fails, nobody can take its place.",
          unit: "short",
          links: [toAgents],
          queries: [{ expr: mean("candidates"), legend: "agents" }],
        }),
        overTime({
          title: "Steps that no agent can take",
          means:
            "In a second, by why: no_agent has the capability, or none that has is fit, or the step is too large.",
          unit: inASecond("steps"),
          links: [toTraces("Plans with such steps", named("halo.route", holds("unroutedCount", ">", 0)))],
          queries: [{ expr: perSecond("unrouted", { by: ["reason"] }), legend: "{{reason}}" }],
        }),
        overTime({
          title: "Duration of routing",
          means: "Of one plan.",
          unit: "s",
          links: [toRuns],
          exemplars: true,
          queries: [
            { expr: quantile(0.5, "routeSeconds"), legend: "half" },
            { expr: quantile(0.95, "routeSeconds"), legend: "95 of 100" },
          ],
        }),
        number({
          title: "Decisions without an explanation",
          means: "Whose words do not name the agent that was chosen. It must stay 0.",
          unit: "short",
          width: 12,
          links: [toRuns],
          queries: [{ expr: standing("unexplained"), legend: "decisions" }],
        }),
      ],
    },
    {
      title: "AOP: what is thought of the plans",
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
          title: "Quality score, half of the plans below",
          means: "By profile and verdict. A dot is one plan: it opens its trace.",
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
          means:
            "By check. quality alone can be bad with every step sound; the other ones are faults of the plan.",
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
          title: "What was found against plans",
          means: "By code, since the start of AOP. What a code means stands in docs/contract.md.",
          unit: "short",
          links: [toRejected],
          queries: [{ expr: standing("planFailures", { by: ["type"] }), legend: "findings" }],
        }),
        spread({
          title: "Replans of a run",
          means:
            "Revisions of its plan beyond the first, of every run that ended. Most should have none; a run that reaches the limit is rejected.",
          unit: "short",
          links: [
            toTraces("Runs that were planned again", named("invoke_workflow", holds("rounds", ">", 0))),
          ],
          expr: distribution("runRounds"),
        }),
        overTime({
          title: "Share of plans that passed",
          means: "What does not pass is planned again, with what was found.",
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
          means: "Of one plan.",
          unit: "s",
          links: [toRuns],
          exemplars: true,
          queries: [
            { expr: quantile(0.5, "validateSeconds"), legend: "half" },
            { expr: quantile(0.95, "validateSeconds"), legend: "95 of 100" },
          ],
        }),
      ],
    },
  ],
};
