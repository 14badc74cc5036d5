import { orangeFrom, redFrom } from "./colours.ts";
import type { Dashboard } from "./dashboard.ts";
import { to, toTraces } from "./links.ts";
import { inASecond, number, overTime, rows, spread } from "./panels.ts";
import {
  chosen,
  distribution,
  grown,
  is,
  largest,
  perHour,
  perSecond,
  quantile,
  standing,
  usd,
  valuesOf,
} from "./promql.ts";
import { holds, named } from "./traceql.ts";

const AGENT = "agent";
const ofAgent = { agent: chosen(AGENT) };

const toRuns = to("run", "Look at single runs");
const toLayers = to("layers", "Why steps go to them");
const toHealth = to("health", "Bus and telemetry");
const toAttempts = toTraces(
  "Attempts of this agent",
  named("invoke_agent", holds("genAiAgent", "=", "${__field.labels.agent}")),
);

/** Who does the work, how well, at what price. */
export const AGENTS: Dashboard = {
  key: "agents",
  means:
    "What each agent is asked for, how long it takes, how often it fails, whether it is at its limit, and what it spends.",
  variables: [{ name: AGENT, label: "Agent", valuesOf: valuesOf("dispatched", "agent") }],
  rows: [
    {
      title: "Work",
      panels: [
        overTime({
          title: "Attempts dispatched",
          means: "Per second, by agent, retries included.",
          unit: inASecond("attempts"),
          links: [toLayers],
          exemplars: true,
          queries: [
            { expr: perSecond("dispatched", { by: ["agent"], where: ofAgent }), legend: "{{agent}}" },
          ],
          valueLinks: [toAttempts],
        }),
        overTime({
          title: "Duration of an attempt, p95",
          means: "From the agent's start to its result. A dot is one attempt: it opens its trace.",
          unit: "s",
          links: [toRuns],
          exemplars: true,
          queries: [
            { expr: quantile(0.95, "stepSeconds", { by: ["agent"], where: ofAgent }), legend: "{{agent}}" },
          ],
          valueLinks: [toAttempts],
        }),
        overTime({
          title: "Share of attempts that failed",
          means: "By agent. Most are retried; Attempts of a step shows how often.",
          unit: "percentunit",
          links: [toTraces("Attempts that failed", named("invoke_agent", "status = error"))],
          queries: [
            {
              expr: `${perSecond("stepSeconds", { by: ["agent"], where: { ...ofAgent, outcome: is("failed") } })} / ${perSecond("stepSeconds", { by: ["agent"], where: ofAgent })}`,
              legend: "{{agent}}",
            },
          ],
          valueLinks: [toAttempts],
        }),
        spread({
          title: "Attempts of a step",
          means: "Counted when its run has ended. 1 is as it should be.",
          unit: "short",
          links: [toRuns],
          expr: distribution("attempts"),
        }),
      ],
    },
    {
      title: "Limits",
      panels: [
        overTime({
          title: "Utilization of each agent",
          means:
            "Steps at work, of the concurrency on its card. At 100 % every further step waits. The processes of an agent may together be above its card.",
          unit: "percentunit",
          colours: redFrom(1, 0.8),
          links: [toHealth],
          queries: [
            {
              expr: `${standing("inflight", { by: ["agent"], where: ofAgent })} / ${largest("agentCapacity", { by: ["agent"], where: ofAgent })}`,
              legend: "{{agent}}",
            },
          ],
          valueLinks: [toAttempts],
        }),
        rows({
          title: "Steps at work, and the limit",
          means: "Now: what each agent has in hand, and the concurrency on its card.",
          unit: "short",
          links: [toLayers],
          queries: [
            { expr: standing("inflight", { by: ["agent"], where: ofAgent }), legend: "at work" },
            { expr: largest("agentCapacity", { by: ["agent"], where: ofAgent }), legend: "limit" },
          ],
        }),
        number({
          title: "Duplicate attempts",
          means:
            "In the time shown. The work was done although a result stood already. same: the attempt's own, after a crash before it was acknowledged. late: another attempt's.",
          unit: "short",
          colours: orangeFrom(1),
          width: 12,
          links: [toHealth],
          queries: [{ expr: grown("effectDuplicates", { by: ["kind"] }), legend: "{{kind}}" }],
        }),
      ],
    },
    {
      title: "Cost",
      panels: [
        number({
          title: "Spent",
          means:
            "USD in the time shown, by the agents that run on this project's library, as they report it. What was spent before the metrics were first fetched is missing.",
          unit: "currencyUSD",
          width: 12,
          links: [
            toTraces("The runs that cost something", named("invoke_workflow", holds("costMicroUsd", ">", 0))),
          ],
          queries: [{ expr: usd(grown("cost", { by: ["agent"], where: ofAgent })), legend: "{{agent}}" }],
        }),
        number({
          title: "Tokens",
          means:
            "In the time shown. The first tokens of an agent, after a start or an idle hour, may be missing.",
          unit: "short",
          width: 12,
          links: [toRuns],
          queries: [{ expr: grown("tokens", { by: ["type"], where: ofAgent }), legend: "{{type}}" }],
        }),
        overTime({
          title: "USD per hour",
          means:
            "The rate of spending: by agent, of those that run on this project's library, as they go; and of all runs as they end, whatever language their agents are written in. The alert CostBurn watches both over an hour.",
          unit: "currencyUSD",
          links: [toRuns],
          queries: [
            { expr: usd(perHour(perSecond("runCost"))), legend: "runs that ended" },
            {
              expr: usd(perHour(perSecond("cost", { by: ["agent"], where: ofAgent }))),
              legend: "{{agent}}",
            },
          ],
          exemplars: true,
          valueLinks: [toAttempts],
        }),
        overTime({
          title: "Tokens of each agent",
          means: "Per second: input and output.",
          unit: inASecond("tokens"),
          links: [toRuns],
          queries: [
            {
              expr: perSecond("tokens", { by: ["agent", "type"], where: ofAgent }),
              legend: "{{agent}}: {{type}}",
            },
          ],
          exemplars: true,
          valueLinks: [toAttempts],
        }),
        overTime({
          title: "Model latency, p95",
          means:
            "Of one request, by model. Empty where no model is configured, and where agents call theirs without reporting it.",
          unit: "s",
          links: [toTraces("Questions to models", named("chat"))],
          exemplars: true,
          queries: [{ expr: quantile(0.95, "modelSeconds", { by: ["model"] }), legend: "{{model}}" }],
        }),
      ],
    },
  ],
};
