import { ATTRIBUTE } from "../../../shared/telemetry/names.ts";
import type { Dashboard } from "./dashboard.ts";
import { to, toMetric, toTraces } from "./links.ts";
import { oneTrace, overTime, spans, spread, traces, words } from "./panels.ts";
import { distribution, quantile } from "./promql.ts";
import { holds, named, newest, ofRun, showing, within } from "./traceql.ts";

const RUN = "id";
const TRACE = "trace";

const toLayers = to("layers", "What the layers decide");
const toAgents = to("agents", "Agents and cost");
const runs = named("invoke_workflow");
const ofThisRun = ofRun(RUN);

/** One run, found by its id or by the correlation id of its request: its traces, its decisions, its scores, its attempts. */
export const RUN_EXPLORER: Dashboard = {
  key: "run",
  means: "What happened to one run, and why: type its id or its correlation id, or come here from a metric.",
  variables: [
    { name: RUN, label: "Run or correlation id", typed: true },
    { name: TRACE, label: "Trace id", typed: true },
  ],
  rows: [
    {
      title: "Which run",
      panels: [
        spread({
          title: "Duration of runs",
          means: `A dot is one run, and opens its trace. Its run id is the attribute ${ATTRIBUTE.run} there.`,
          unit: "s",
          links: [to("overview", "Overview")],
          expr: distribution("runSeconds"),
        }),
        spans({
          title: "The last runs that ended",
          means: "One row per run, with its outcome. A run is here once it has ended.",
          unit: "short",
          links: [
            toTraces(
              "Those that did not complete",
              named("invoke_workflow", holds("outcome", "!=", "completed")),
            ),
          ],
          valueLinks: [
            to("run", "Look at this run", {
              [RUN]: `\${__data.fields["${ATTRIBUTE.run}"]}`,
              [TRACE]: "${__data.fields.traceIdHidden}",
            }),
          ],
          query: newest(
            showing(runs, "run", "outcome", "rounds", "qualityScore", "costMicroUsd", "stepsFailed"),
          ),
        }),
      ],
    },
    {
      title: "The run ${id}",
      panels: [
        traces({
          title: "Its traces",
          means:
            "A run is one trace. More than one has the correlation id where a client sent several tasks under it, or where a message carried no usable context.",
          unit: "short",
          links: [toTraces("The same in Explore", ofThisRun)],
          valueLinks: [
            to("run", "Show this trace below", { [RUN]: "${id}", [TRACE]: "${__data.fields.traceID}" }),
          ],
          query: ofThisRun,
        }),
        words({
          title: "Its log lines and its record",
          means:
            "Logs are not in Grafana: every line carries the run, the correlation id and the trace id, so one command finds them.",
          links: [to("overview", "Overview")],
          text: [
            "```sh",
            'docker compose logs --no-log-prefix --no-color | jq -R \'fromjson? | select(.run == "${id}" or .correlation_id == "${id}")\'',
            "npx genesis show ${id} --nats nats://127.0.0.1:4222",
            "npx genesis explain ${id} STEP --nats nats://127.0.0.1:4222",
            "```",
            "The record of each decision, with all its candidates and the values that matched, is in the log of facts, which `show` and `explain` read. They take a run id alone: where a correlation id stands above, the log lines have the id of each of its runs as `run`. `STEP` is one of the steps that `show` lists.",
          ].join("\n"),
        }),
        oneTrace({
          title: "The trace ${trace}",
          means:
            "Span for span, from the task to the end of its run. From a span, the links lead to the rate, the errors and the duration of spans like it.",
          unit: "short",
          width: 24,
          links: [toTraces("The same in Explore", "${trace}")],
          trace: TRACE,
        }),
      ],
    },
    {
      title: "Why",
      panels: [
        spans({
          title: "Plans",
          means: "One row per revision: what made it, its steps, and its levels.",
          unit: "short",
          links: [toLayers],
          query: showing(
            within(ofThisRun, named("htdag.decompose")),
            "revision",
            "planner",
            "planTaskCount",
            "planDepth",
          ),
        }),
        spans({
          title: "Why this agent",
          means:
            "One row per step: the rule that decided, the agent, how far it was ahead of the next, and the decision in words. The candidates are events of the span.",
          unit: "short",
          links: [toLayers],
          query: showing(
            within(ofThisRun, named("halo.decide")),
            "step",
            "taskType",
            "haloAgent",
            "ruleId",
            "haloMethod",
            "margin",
            "explanation",
          ),
        }),
        spans({
          title: "Scores and verdicts",
          means: "One row per revision: the quality score, by which profile, and whether it passed.",
          unit: "short",
          links: [toLayers],
          query: showing(
            within(ofThisRun, named("aop.validate")),
            "revision",
            "profile",
            "qualityScore",
            "passed",
          ),
        }),
        spans({
          title: "Attempts",
          means:
            "One row per attempt: its step, its number, its duration, and its error. genesis.cost_micro_usd is in millionths of a USD.",
          unit: "short",
          links: [toAgents],
          query: showing(
            within(ofThisRun, named("invoke_agent")),
            "step",
            "attempt",
            "genAiAgent",
            "errorType",
            "genAiInputTokens",
            "genAiOutputTokens",
            "costMicroUsd",
          ),
        }),
      ],
    },
    {
      title: "How it compares",
      panels: [
        overTime({
          title: "Duration of all runs, p95",
          means: "By outcome. Compare the duration of this run with it.",
          unit: "s",
          links: [
            to("overview", "Overview"),
            toMetric("In Explore", quantile(0.95, "runSeconds", { by: ["outcome"] })),
          ],
          exemplars: true,
          queries: [{ expr: quantile(0.95, "runSeconds", { by: ["outcome"] }), legend: "{{outcome}}" }],
        }),
        overTime({
          title: "Queue wait, p95",
          means:
            "By kind of message: from the broker's storing to the start of the handling. A span of this run that began late waited here.",
          unit: "s",
          links: [to("health", "Bus and telemetry")],
          exemplars: true,
          queries: [
            { expr: quantile(0.95, "queueWaitSeconds", { by: ["template"] }), legend: "{{template}}" },
          ],
        }),
      ],
    },
  ],
};
