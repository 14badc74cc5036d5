import type { Dashboard } from "./dashboard.ts";
import { to, toTraces } from "./links.ts";
import { inASecond, number, overTime, rows } from "./panels.ts";
import { is, largest, perSecond, quantile, smallest, standing } from "./promql.ts";
import { holds } from "./traceql.ts";

const toOverview = to("overview", "Overview");
const toAgents = to("agents", "Agents and cost");
const toRuns = to("run", "Look at single runs");
const toFailures = toTraces("Messages whose handling failed", "{ kind = consumer && status = error }");
const toMessages = toTraces(
  "Messages of this kind",
  `{ kind = consumer && ${holds("messagingTemplate", "=", "${__field.labels.template}")} }`,
);

/** What carries the work, and what watches it. */
export const HEALTH: Dashboard = {
  key: "health",
  means:
    "Does the bus keep up, does anything get stuck or given up, and can the other dashboards be believed?",
  rows: [
    {
      title: "Is everything there",
      panels: [
        number({
          title: "Services that can be reached",
          means: "1: every process of it answered when its metrics were last fetched.",
          unit: "short",
          width: 12,
          links: [toOverview],
          queries: [{ expr: smallest("up", { by: ["job"] }), legend: "{{job}}" }],
        }),
        number({
          title: "Connections to the broker",
          means: "1: the process is connected, and the broker has refused it nothing for a minute.",
          unit: "short",
          width: 12,
          links: [toOverview],
          queries: [{ expr: smallest("brokerHealthy", { by: ["job"] }), legend: "{{job}}" }],
        }),
      ],
    },
    {
      title: "Does it keep up",
      panels: [
        overTime({
          title: "Messages that wait",
          means:
            "For each durable. A line that only rises is a stage, or an agent, that is too slow or stands still.",
          unit: "short",
          links: [toAgents],
          queries: [{ expr: largest("consumerPending", { by: ["consumer"] }), legend: "{{consumer}}" }],
        }),
        overTime({
          title: "Messages in hand",
          means: "Handed out and not settled yet.",
          unit: "short",
          links: [toAgents],
          queries: [{ expr: largest("consumerAckPending", { by: ["consumer"] }), legend: "{{consumer}}" }],
        }),
        overTime({
          title: "Wait before the work, 95 of 100",
          means:
            "From the broker's storing of a message to the start of its handling. A dot opens the trace of one.",
          unit: "s",
          links: [toRuns],
          exemplars: true,
          queries: [
            { expr: quantile(0.95, "queueWaitSeconds", { by: ["template"] }), legend: "{{template}}" },
          ],
          valueLinks: [toMessages],
        }),
        overTime({
          title: "Handling, 95 of 100",
          means: "Of one message, until its last fact is stored.",
          unit: "s",
          links: [toRuns],
          exemplars: true,
          queries: [{ expr: quantile(0.95, "processSeconds", { by: ["template"] }), legend: "{{template}}" }],
          valueLinks: [toMessages],
        }),
        overTime({
          title: "Storing, 95 of 100",
          means:
            "From sending a message to the broker's word that it is on disk. It is the broker's disk that is seen here.",
          unit: "s",
          links: [toOverview],
          queries: [{ expr: quantile(0.95, "publishSeconds", { by: ["stream"] }), legend: "{{stream}}" }],
        }),
        overTime({
          title: "Messages that were handled",
          means: "Deliveries in a second, by kind, repetitions too.",
          unit: inASecond("messages"),
          links: [toRuns],
          queries: [{ expr: perSecond("consumed", { by: ["template"] }), legend: "{{template}}" }],
          valueLinks: [toMessages],
        }),
      ],
    },
    {
      title: "Does anything get stuck",
      panels: [
        rows({
          title: "Dead letters",
          means:
            "Messages that were given up, by what was wrong with them, since the start of whoever gave them up. npx genesis dlq list shows them.",
          unit: "short",
          links: [toFailures],
          queries: [{ expr: standing("deadLetters", { by: ["code", "job"] }), legend: "messages" }],
        }),
        overTime({
          title: "Handling that failed",
          means: "Deliveries in a second, by why. Most come again.",
          unit: inASecond("messages"),
          links: [toFailures],
          queries: [
            {
              expr: perSecond("processFailures", { by: ["template", "error_type"] }),
              legend: "{{template}}: {{error_type}}",
            },
          ],
          valueLinks: [toMessages],
        }),
        overTime({
          title: "Deliveries after the first",
          means: "In a second, by durable: something crashed, took too long, or was told to come again.",
          unit: inASecond("messages"),
          links: [toTraces("Traces of such deliveries", `{ ${holds("natsDeliveryCount", ">", 1)} }`)],
          queries: [{ expr: perSecond("redelivered", { by: ["consumer"] }), legend: "{{consumer}}" }],
        }),
        overTime({
          title: "Facts that were refused",
          means:
            "Another one stood first: two did the same work, and the log kept one. Some are normal; many mean that work is done twice.",
          unit: inASecond("messages"),
          links: [toRuns],
          queries: [{ expr: perSecond("appendConflicts", { by: ["template"] }), legend: "{{template}}" }],
        }),
        overTime({
          title: "Streams, of what they may hold",
          means: "Where a limit is set. At 1 the broker refuses, and the gateway has refused before.",
          unit: "percentunit",
          links: [toOverview],
          queries: [
            {
              expr: `${largest("streamBytes", { by: ["stream"] })} / ${largest("streamLimitBytes", { by: ["stream"] })}`,
              legend: "{{stream}}",
            },
          ],
        }),
        overTime({
          title: "Size of streams",
          means: "On the broker's disk.",
          unit: "bytes",
          links: [toOverview],
          queries: [{ expr: largest("streamBytes", { by: ["stream"] }), legend: "{{stream}}" }],
        }),
      ],
    },
    {
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
          means: "By the services, since their start. Every one is a hole in a trace.",
          unit: "short",
          width: 12,
          links: [toOverview],
          queries: [
            {
              expr: `${standing("spans", { where: { state: is("created") } })} - ${standing("spans", { where: { state: is("exported") } })}`,
              legend: "not exported, or not yet",
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
          title: "The Collector's queues, of what they may hold",
          means:
            "What it has accepted and not delivered. Near 1 Tempo or Prometheus has been away for long, and what comes is refused soon.",
          unit: "percentunit",
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
            "They started a trace of their own: from outside, that is normal for missing; between our services it is a bug.",
          unit: "short",
          width: 12,
          links: [toRuns],
          queries: [
            {
              expr: standing("traceContextInvalid", { by: ["reason", "job"] }),
              legend: "{{job}}: {{reason}}",
            },
          ],
        }),
        number({
          title: "Observations that failed, points without a series",
          means: "Both must stay 0: a bug in what observes, or labels that take more values than they may.",
          unit: "short",
          width: 12,
          links: [toOverview],
          queries: [
            { expr: standing("observeFailures"), legend: "observations" },
            { expr: standing("seriesRefused"), legend: "points" },
          ],
        }),
      ],
    },
    {
      title: "The processes",
      panels: [
        overTime({
          title: "Event loop: lag, 99 of 100",
          means:
            "How long a process could not answer because it computed. Above 0.1 s its heartbeats are late.",
          unit: "s",
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
    },
  ],
};
