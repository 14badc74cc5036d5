import { redFrom } from "./colours.ts";
import type { Row } from "./dashboard.ts";
import { to, toTraces } from "./links.ts";
import { inASecond, number, overTime, rows, spread } from "./panels.ts";
import { distribution, grown, mean, perSecond, quantile, standing } from "./promql.ts";
import { below, holds, named } from "./traceql.ts";

const toRuns = to("run", "Look at single runs");
const toAgents = to("agents", "Agents and cost");

/** Who gets the steps, by which rule, how clearly, and why nobody did. */
export const HALO_ROW: Row = {
  title: "HALO: who gets the steps, and how clearly",
  panels: [
    rows({
      title: "Hits of each rule",
      means:
        "Steps that each rule gave to an agent. HALO counts a rule from its first hit, which is no growth to Prometheus: so these are totals, whatever the time shown. HALO may forget what was not counted for an hour: a rule that is not here has had no hit lately. One without a name stands for decisions without a rule.",
      unit: "short",
      links: [toAgents],
      queries: [{ expr: standing("routings", { by: ["rule", "agent", "method"] }), legend: "steps" }],
      valueLinks: [
        to("agents", "This agent", { agent: "${__data.fields.agent}" }),
        toTraces(
          "Decisions of this rule",
          named("halo.decide", holds("ruleId", "=", "${__data.fields.rule}")),
        ),
      ],
    }),
    overTime({
      title: "What decided",
      means:
        "Steps per second: by a rule, by capability alone, or by the fallback. Many of the last two mean that rules are missing.",
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
        "How far the chosen agent's score was ahead of the next candidate's, where there was one. Near 0 the choice was close, and a small change of a card turns it.",
      unit: "percentunit",
      links: [
        toTraces(
          "Decisions that were close",
          named("halo.decide", holds("candidateCount", ">", 1), below("margin", 0.02)),
        ),
      ],
      expr: distribution("margin"),
    }),
    overTime({
      title: "Candidates for a step",
      means: "The mean. At 1 there is no choice: when that agent fails, none can take its place.",
      unit: "short",
      links: [toAgents],
      queries: [{ expr: mean("candidates"), legend: "agents" }],
    }),
    overTime({
      title: "Steps that no agent can take",
      means:
        "Per second, by reason. no_agent: none has the capability. unfit: none that has it is fit. too_large: the step is too large.",
      unit: inASecond("steps"),
      links: [toTraces("Plans with such steps", named("halo.route", holds("unroutedCount", ">", 0)))],
      queries: [{ expr: perSecond("unrouted", { by: ["reason"] }), legend: "{{reason}}" }],
    }),
    overTime({
      title: "Duration of routing",
      means: "Of one plan: every rule tried on every step, then the scores.",
      unit: "s",
      links: [toRuns],
      exemplars: true,
      queries: [
        { expr: quantile(0.5, "routeSeconds"), legend: "p50" },
        { expr: quantile(0.95, "routeSeconds"), legend: "p95" },
      ],
    }),
    number({
      title: "Decisions without an explanation",
      means: "In the time shown. Their words do not name the agent that was chosen. It must stay 0.",
      unit: "short",
      colours: redFrom(1),
      width: 12,
      links: [toRuns],
      queries: [{ expr: grown("unexplained"), legend: "decisions" }],
    }),
  ],
};
