import { redFrom } from "./colours.ts";
import type { Row } from "./dashboard.ts";
import { to } from "./links.ts";
import { inASecond, number, overTime } from "./panels.ts";
import { grown, isAnyOf, largest, orZero, perSecond } from "./promql.ts";

const toOverview = to("overview", "Overview");
const toRuns = to("run", "Look at single runs");

/** Whether what the other dashboards show is all there. */
export const BELIEF_ROW: Row = {
  title: "Is the telemetry complete",
  panels: [
    overTime({
      title: "What became of the spans",
      means: "Per second, of all services. exported stays just behind created; failed and dropped are lost.",
      unit: inASecond("spans"),
      links: [toRuns],
      queries: [{ expr: perSecond("spans", { by: ["state"] }), legend: "{{state}}" }],
    }),
    number({
      title: "Spans that were lost",
      means: "Given up by the services in the time shown. Every one is a hole in a trace.",
      unit: "short",
      colours: redFrom(1),
      width: 12,
      links: [toOverview],
      queries: [
        {
          expr: orZero(grown("spans", { where: { state: isAnyOf("failed", "dropped") } })),
          legend: "spans",
        },
      ],
    }),
    overTime({
      title: "Through the Collector",
      means: "Spans per second: in, refused because it was full, and out to the trace store.",
      unit: inASecond("spans"),
      links: [toOverview],
      queries: [
        { expr: perSecond("collectorSpansIn"), legend: "in" },
        { expr: perSecond("collectorSpansRefused"), legend: "refused" },
        { expr: perSecond("collectorSpansOut"), legend: "out" },
      ],
    }),
    overTime({
      title: "What the Collector could not deliver",
      means: "Spans per second that an exporter gave up. No line: it never happened.",
      unit: inASecond("spans"),
      links: [toOverview],
      queries: [{ expr: perSecond("collectorSpansLost", { by: ["exporter"] }), legend: "{{exporter}}" }],
    }),
    overTime({
      title: "What the service graph could not take",
      means:
        "Spans per second. No line: it never happened. A line: too many messages wait to be handled, and none is counted between services.",
      unit: inASecond("spans"),
      links: [toOverview],
      queries: [{ expr: perSecond("collectorGraphRefused", { by: ["job"] }), legend: "{{job}}" }],
    }),
    overTime({
      title: "Collector queues, share of their limit",
      means:
        "What it has accepted and not delivered. Near 100 % Tempo or Prometheus has been away for long, and what comes next is refused.",
      unit: "percentunit",
      colours: redFrom(0.8, 0.5),
      links: [toOverview],
      queries: [
        {
          expr: `${largest("collectorQueue", { by: ["exporter", "data_type"] })} / ${largest("collectorQueueLimit", { by: ["exporter", "data_type"] })}`,
          legend: "{{exporter}}: {{data_type}}",
        },
      ],
    }),
    overTime({
      title: "Metrics into Prometheus",
      means: "Points per second. At 0 the other dashboards show old numbers.",
      unit: inASecond("points"),
      links: [toOverview],
      queries: [{ expr: perSecond("collectorPointsOut"), legend: "points" }],
    }),
    number({
      title: "Messages without a usable trace context",
      means:
        "In the time shown. Each starts a trace of its own. From outside, missing is normal; between our services it is a bug.",
      unit: "short",
      width: 12,
      links: [toRuns],
      queries: [
        {
          expr: grown("traceContextInvalid", { by: ["reason", "job"] }),
          legend: "{{job}}: {{reason}}",
        },
      ],
    }),
    number({
      title: "Observations that failed, points without a series",
      means:
        "In the time shown. Observations fail while the broker is away, at every fetch; otherwise it is a bug in what observes. Points must stay 0: else labels take more values than they may.",
      unit: "short",
      colours: redFrom(1),
      width: 12,
      links: [toOverview],
      queries: [
        { expr: grown("observeFailures"), legend: "observations" },
        { expr: grown("seriesRefused"), legend: "points" },
      ],
    }),
  ],
};

/** How the processes themselves fare. */
export const PROCESSES_ROW: Row = {
  title: "The processes",
  panels: [
    overTime({
      title: "Event loop lag, p99",
      means:
        "How long a process could not answer because it was computing. Above 0.1 s its heartbeats are late.",
      unit: "s",
      colours: redFrom(0.1),
      links: [toOverview],
      queries: [{ expr: largest("eventLoopLag", { by: ["job"] }), legend: "{{job}}" }],
    }),
    overTime({
      title: "Memory",
      means: "Of each process, and of the Collector.",
      unit: "bytes",
      links: [toOverview],
      queries: [
        { expr: largest("memory", { by: ["job"] }), legend: "{{job}}" },
        { expr: largest("collectorMemory", { by: ["job"] }), legend: "{{job}}" },
      ],
    }),
  ],
};
