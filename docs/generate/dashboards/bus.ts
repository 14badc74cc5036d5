import { redFrom } from "./colours.ts";
import type { Row } from "./dashboard.ts";
import { to, toTraces } from "./links.ts";
import { inASecond, overTime, rows } from "./panels.ts";
import { grown, largest, perSecond, quantile } from "./promql.ts";
import { holds } from "./traceql.ts";

const toOverview = to("overview", "Overview");
const toAgents = to("agents", "Agents and cost");
const toRuns = to("run", "Look at single runs");
const toFailures = toTraces("Messages whose handling failed", "{ kind = consumer && status = error }");
const toMessages = toTraces(
  "Messages of this kind",
  `{ kind = consumer && ${holds("messagingTemplate", "=", "${__field.labels.template}")} }`,
);

/** Whether the bus and whoever reads from it keep up. */
export const PACE_ROW: Row = {
  title: "Does the bus keep up",
  panels: [
    overTime({
      title: "Messages waiting",
      means: "For each consumer. A line that only rises: that stage or agent is too slow, or stands still.",
      unit: "short",
      links: [toAgents],
      queries: [{ expr: largest("consumerPending", { by: ["consumer"] }), legend: "{{consumer}}" }],
    }),
    overTime({
      title: "Messages in hand",
      means: "For each consumer: delivered, and not acknowledged yet.",
      unit: "short",
      links: [toAgents],
      queries: [{ expr: largest("consumerAckPending", { by: ["consumer"] }), legend: "{{consumer}}" }],
    }),
    overTime({
      title: "Queue wait, p95",
      means:
        "By kind of message: from the broker's storing to the start of the handling. A dot opens the trace of one message.",
      unit: "s",
      links: [toRuns],
      exemplars: true,
      queries: [{ expr: quantile(0.95, "queueWaitSeconds", { by: ["template"] }), legend: "{{template}}" }],
      valueLinks: [toMessages],
    }),
    overTime({
      title: "Handling time, p95",
      means: "Of one message, by kind, until its last fact is stored.",
      unit: "s",
      links: [toRuns],
      exemplars: true,
      queries: [{ expr: quantile(0.95, "processSeconds", { by: ["template"] }), legend: "{{template}}" }],
      valueLinks: [toMessages],
    }),
    overTime({
      title: "Publish latency, p95",
      means:
        "From sending a message to the broker's acknowledgement that it is on disk, by stream. It shows the speed of the broker's disk.",
      unit: "s",
      links: [toOverview],
      queries: [{ expr: quantile(0.95, "publishSeconds", { by: ["stream"] }), legend: "{{stream}}" }],
    }),
    overTime({
      title: "Messages that were handled",
      means: "Deliveries per second, by kind, redeliveries included.",
      unit: inASecond("messages"),
      links: [toRuns],
      queries: [{ expr: perSecond("consumed", { by: ["template"] }), legend: "{{template}}" }],
      valueLinks: [toMessages],
    }),
    overTime({
      title: "Messages that were sent",
      means: "Per second, by kind; with a code where the broker did not store them.",
      unit: inASecond("messages"),
      links: [toRuns],
      queries: [
        {
          expr: perSecond("published", { by: ["template", "error_type"] }),
          legend: "{{template}} {{error_type}}",
        },
      ],
      valueLinks: [toMessages],
    }),
  ],
};

/** Whether anything gets stuck, is given up, or has no room. */
export const STUCK_ROW: Row = {
  title: "Is anything stuck",
  panels: [
    rows({
      title: "Dead letters",
      means:
        "Messages given up in the time shown, by error code. What a process gave up before its metrics were first fetched is missing; npx genesis dlq list shows them all.",
      unit: "short",
      links: [toFailures],
      // Every code is counted from 0 on; only those that were needed say anything.
      queries: [{ expr: `${grown("deadLetters", { by: ["code", "job"] })} > 0`, legend: "messages" }],
      judged: { column: "messages", colours: redFrom(1) },
    }),
    overTime({
      title: "Handling that failed",
      means: "Deliveries per second, by kind and error code. Most are redelivered.",
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
      title: "Redeliveries",
      means: "Per second, by consumer: a process crashed, took too long, or asked for another delivery.",
      unit: inASecond("messages"),
      links: [toTraces("Traces of such deliveries", `{ ${holds("natsDeliveryCount", ">", 1)} }`)],
      queries: [{ expr: perSecond("redelivered", { by: ["consumer"] }), legend: "{{consumer}}" }],
    }),
    overTime({
      title: "Facts that were refused",
      means:
        "Per second. Another one was stored first: two did the same work, and the log kept one. Some are normal; many mean that work is done twice.",
      unit: inASecond("messages"),
      links: [toRuns],
      queries: [{ expr: perSecond("appendConflicts", { by: ["template"] }), legend: "{{template}}" }],
    }),
    overTime({
      title: "Streams, share of their limit",
      means:
        "Where a limit is set. From 80 % of the log on the gateway takes no new task; at 100 % the broker refuses.",
      unit: "percentunit",
      colours: redFrom(0.8, 0.6),
      links: [toOverview],
      queries: [
        {
          expr: `${largest("streamBytes", { by: ["stream"] })} / ${largest("streamLimitBytes", { by: ["stream"] })}`,
          legend: "{{stream}}",
        },
      ],
    }),
    overTime({
      title: "Messages in streams",
      means: "The log keeps what happened; the inbox and the timers should be near empty.",
      unit: "short",
      links: [toOverview],
      queries: [{ expr: largest("streamMessages", { by: ["stream"] }), legend: "{{stream}}" }],
    }),
    overTime({
      title: "Size of streams",
      means: "On the broker's disk.",
      unit: "bytes",
      links: [toOverview],
      queries: [{ expr: largest("streamBytes", { by: ["stream"] }), legend: "{{stream}}" }],
    }),
  ],
};
