import { redBelow, redFrom, SEVERITIES } from "./colours.ts";
import type { Dashboard } from "./dashboard.ts";
import { to, toTraces } from "./links.ts";
import {
  FASTEST_BURN,
  FAST_BURNING,
  LEAST_EVENTS,
  MOST_ALLOWED,
  ofEnoughEvents,
  ofEnoughForBudget,
  WINDOW,
} from "./objectives.ts";
import { inASecond, number, overTime, rows, serviceMap, spread } from "./panels.ts";
import {
  distribution,
  grown,
  is,
  isNot,
  mean,
  orZero,
  perSecond,
  quantile,
  share,
  standing,
} from "./promql.ts";
import { holds, named, ofService, ofStage } from "./traceql.ts";

const toRuns = to("run", "Look at single runs");
const toLayers = to("layers", "What the layers decided");
const toHealth = to("health", "Bus and telemetry");

/** The first page: is it all right, and if not, where does one look next? */
export const OVERVIEW: Dashboard = {
  key: "overview",
  means:
    "Are runs completing, fast enough, and within the objectives? Every panel leads on to where its answer comes from.",
  rows: [
    {
      title: "Service level objectives",
      panels: [
        number({
          title: "Error budget left",
          means: `What is left of each objective's budget of ${WINDOW} (deploy/prometheus/slo.yaml). 100 %: nothing went wrong. Below 0 %: the objective is missed. Computed every 4 minutes. Empty below ${LEAST_EVENTS} events in ${WINDOW}, as for the burn alerts, and while one miss would spend it all: an objective of 99 % needs 101 events, one of 99.5 % 201.`,
          unit: "percentunit",
          colours: redBelow(0, 0.25),
          links: [toRuns],
          queries: [
            {
              expr: ofEnoughForBudget(standing("budgetLeft", { by: ["slo"] })),
              legend: "{{slo}}",
            },
          ],
        }),
        number({
          title: "Missed in the last hour",
          means: `The share of the last hour's events that missed each objective. Orange: more than any objective allows. Red: every budget burns ${FASTEST_BURN} times as fast as it may, or faster. Empty below ${LEAST_EVENTS} events in that hour.`,
          unit: "percentunit",
          colours: redFrom(FAST_BURNING, MOST_ALLOWED),
          links: [toRuns],
          queries: [
            {
              expr: ofEnoughEvents(standing("missedShort", { by: ["slo"] }), "1h"),
              legend: "{{slo}}",
            },
          ],
        }),
        rows({
          title: "Alerts",
          means:
            "Firing and pending alerts, with their severity. Only DeadMan should be here: it always fires, and its absence is an alarm. docs/runbooks.md says what to do.",
          unit: "short",
          links: [toHealth],
          queries: [
            { expr: standing("alerts", { by: ["alertname", "severity", "alertstate"] }), legend: "series" },
          ],
          judged: { column: "severity", colours: SEVERITIES },
        }),
      ],
    },
    {
      title: "Runs",
      panels: [
        number({
          title: "Runs by how they ended",
          means: "In the time shown.",
          unit: "short",
          width: 12,
          links: [toRuns],
          queries: [{ expr: grown("runsFinished", { by: ["outcome"] }), legend: "{{outcome}}" }],
        }),
        number({
          title: "Under way",
          means:
            "Runs that were accepted and have not ended, now. The difference of what the gateway and execution count since their start, because a run may be older than the time shown. After a restart of one of them it is off by what that one had counted.",
          unit: "short",
          width: 12,
          links: [toRuns],
          queries: [
            { expr: `${standing("runsSubmitted")} - ${orZero(standing("runsFinished"))}`, legend: "runs" },
          ],
        }),
        overTime({
          title: "Runs accepted and ended",
          means: "Per second; those that ended by outcome. A dot is one run: it opens its trace.",
          unit: inASecond("runs"),
          links: [
            toRuns,
            toTraces(
              "Runs that did not complete",
              named("invoke_workflow", holds("outcome", "!=", "completed")),
            ),
          ],
          exemplars: true,
          queries: [
            { expr: perSecond("runsSubmitted"), legend: "accepted" },
            { expr: perSecond("runsFinished", { by: ["outcome"] }), legend: "{{outcome}}" },
          ],
        }),
        overTime({
          title: "Share that completed",
          means: "Of the runs that ended, cancelled ones left out. No line: none ended.",
          unit: "percentunit",
          links: [toLayers],
          queries: [
            {
              expr: share(
                perSecond("runsFinished", { where: { outcome: is("completed") } }),
                perSecond("runsFinished", { where: { outcome: isNot("cancelled") } }),
              ),
              legend: "completed",
            },
          ],
        }),
        spread({
          title: "Duration of runs",
          means:
            "From the storing of a task to the decision that ended it. A dot is one run: it opens its trace.",
          unit: "s",
          links: [toRuns],
          expr: distribution("runSeconds"),
        }),
        overTime({
          title: "Accepted to first dispatch",
          means:
            "Planning, routing, judging and every wait between them, until the first step may begin. The objective is 1 s.",
          unit: "s",
          colours: redFrom(1),
          links: [toLayers],
          exemplars: true,
          queries: [
            { expr: quantile(0.5, "firstDispatchSeconds"), legend: "p50" },
            { expr: quantile(0.99, "firstDispatchSeconds"), legend: "p99" },
          ],
        }),
      ],
    },
    {
      title: "Stages",
      panels: [
        overTime({
          title: "Stage latency, p95",
          means:
            "From the storing of a message to the end of its handling, the wait included. Look at the slowest stage first.",
          unit: "s",
          links: [toLayers, toHealth],
          exemplars: true,
          queries: [{ expr: quantile(0.95, "stageSeconds", { by: ["stage"] }), legend: "{{stage}}" }],
          valueLinks: [toTraces("Traces through this stage", ofStage("${__field.labels.stage}"))],
        }),
        overTime({
          title: "Spans that failed",
          means: "Per second, by service. The Collector counts them before any sampling.",
          unit: inASecond("spans"),
          links: [toHealth],
          exemplars: true,
          queries: [
            {
              expr: perSecond("spanCalls", {
                by: ["service_name"],
                where: { status_code: is("STATUS_CODE_ERROR") },
              }),
              legend: "{{service_name}}",
            },
          ],
          valueLinks: [
            toTraces(
              "Traces that failed here",
              ofService("${__field.labels.service_name}", "status = error"),
            ),
          ],
        }),
        serviceMap({
          title: "Service map",
          means:
            "Every hop that was handled, with its rate and its duration. What is missing was not sent, or not handled within 5 minutes.",
          unit: "short",
          links: [toHealth],
        }),
        rows({
          title: "Messages between services",
          means:
            "How many, and the mean handling time. The Collector counts a pair from its first message on, which is no growth to Prometheus: so these are totals since it started, whatever the time shown.",
          unit: "short",
          links: [toHealth],
          queries: [
            { expr: standing("edges", { by: ["client", "server"] }), legend: "messages" },
            { expr: mean("edgeServerSeconds", { by: ["client", "server"] }), legend: "handling", unit: "s" },
          ],
        }),
      ],
    },
  ],
};
