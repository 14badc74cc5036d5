import { join } from "node:path";
import { GENESIS } from "../shared/contract/command.ts";
import { dirOption } from "./dir-option.ts";
import { INTERVAL_SECONDS } from "./observe.ts";
import type { LocalState } from "./state.ts";

/** A question that somebody has again and again, with the unit of its answer, as PromQL. */
export type PreparedQuery = { asks: string; query: string };

/**
 * What is printed the addresses of where an instance is observed. Each has an answer once one run has ended, of all that there was since
 * its process started: over a window the first value of a histogram would be no growth, and two runs would be about three.
 */
export const PREPARED_QUERIES: readonly PreparedQuery[] = [
  {
    asks: "how runs ended (runs, since the start)",
    query: "sum by (outcome) (run_completed_total)",
  },
  {
    asks: "duration of runs, 95th percentile (seconds, since the start)",
    query: "histogram_quantile(0.95, sum by (le) (run_duration_seconds_bucket))",
  },
  {
    asks: "wait and work of each stage, 95th percentile (seconds, since the start)",
    query: "histogram_quantile(0.95, sum by (le, stage) (run_stage_duration_seconds_bucket))",
  },
  {
    asks: "spans of each service (per second, last 5 minutes)",
    query: "sum by (service_name) (rate(traces_span_metrics_calls_total[5m]))",
  },
  {
    asks: "duration of each kind of span, 95th percentile (seconds, since the start)",
    query:
      "histogram_quantile(0.95, sum by (le, service_name, span_name) (traces_span_metrics_duration_seconds_bucket))",
  },
  {
    asks: "messages from service to service (messages, since the start)",
    query: "sum by (client, server) (traces_service_graph_request_total)",
  },
  {
    asks: "decisions by agent and rule (steps, since the start)",
    query: "sum by (agent, rule) (halo_decisions_total)",
  },
  { asks: "what can be reached (1 yes, 0 no)", query: "up" },
  {
    asks: "metrics that wait in the Collector for Prometheus (bytes)",
    query: "sum(otelcol_exporter_queue_size)",
  },
];

/** The address at which a Prometheus answers a query, as JSON. */
export function queryUrl(prometheus: string, query: string): string {
  return `${prometheus}/api/v1/query?${new URLSearchParams({ query })}`;
}

/** An instance as far as it matters where to look at it. */
export type Observed = { dir: string; observe?: LocalState["observe"] };

/** Where to look at an instance, as lines for a person; none where nothing observes it. */
export function observeLines({ dir, observe }: Observed): string[] {
  if (observe === undefined) return [];
  const { collector, prometheus } = observe;
  return [
    `spans go to the Collector at ${collector} and from there to ${join(dir, "traces")}: ${GENESIS} trace RUN${dirOption(dir)}`,
    `Prometheus at ${prometheus} has no pages in this build, but answers these, as JSON. They need tasks, and two fetches after them ` +
      `(one every ${INTERVAL_SECONDS} s):`,
    `  alerts that fire or are about to: ${prometheus}/api/v1/alerts`,
    `  all rules, and whether they can be computed: ${prometheus}/api/v1/rules`,
    ...PREPARED_QUERIES.map(({ asks, query }) => `  ${asks}: ${queryUrl(prometheus, query)}`),
  ];
}
