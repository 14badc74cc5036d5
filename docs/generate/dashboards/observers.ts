import { redFrom } from "./colours.ts";
import type { Row } from "./dashboard.ts";
import { to } from "./links.ts";
import { inASecond, number, overTime } from "./panels.ts";
import { grown, isAnyOf, largest, orZero, perSecond } from "./promql.ts";

const toOverview = to("overview", "Overview");
const toRuns = to("run", "Look at single runs");

/** Whether what the other dashboards show is all there. */
export const BELIEF_ROW: Row = {
  title: "Can it be believed",
  panels: [
    overTime({
      title: "What became of the spans",
      means:
        "In a second, of all services. exported stays just behind created; failed and dropped are lost, and counted.",
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
      means: "Spans in a second: in, refused because it was full, and out to the trace store.",
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
      means: "Spans in a second that an exporter gave up. There is no line unless that has happened.",
      unit: inASecond("spans"),
      links: [toOverview],
      queries: [{ expr: perSecond("collectorSpansLost", { by: ["exporter"] }), legend: "{{exporter}}" }],
    }),
    overTime({
      title: "What the service graph could not take",
      means:
        "Spans in a second. There is no line unless too many messages have waited for somebody who handles them; while there is one, no message is counted between services.",
      unit: inASecond("spans"),
      links: [toOverview],
      queries: [{ expr: perSecond("collectorGraphRefused", { by: ["job"] }), legend: "{{job}}" }],
    }),
    overTime({
      title: "The Collector's queues, of what they may hold",
      means:
        "What it has accepted and not delivered. Near 1 Tempo or Prometheus has been away for long, and what comes is refused soon.",
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
      means: "Points in a second. 0 for long: what is on the other dashboards is old.",
      unit: inASecond("points"),
      links: [toOverview],
      queries: [{ expr: perSecond("collectorPointsOut"), legend: "points" }],
    }),
    number({
      title: "Messages without a usable context",
      means:
        "In the time shown. They started a trace of their own. From outside, missing is normal; between our services it is a bug.",
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
      title: "Event loop: lag, 99 of 100",
      means: "How long a process could not answer because it computed. Above 0.1 s its heartbeats are late.",
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
