/** A question that somebody has again and again, as PromQL. */
export type PreparedQuery = { asks: string; query: string };

/** What `genesis up --observe` prints the addresses of. Each has an answer once a few runs have ended. */
export const PREPARED_QUERIES: readonly PreparedQuery[] = [
  { asks: "share of runs that completed", query: "genesis:run_success:ratio_rate5m" },
  { asks: "duration of runs, 95th percentile", query: "genesis:run_duration_seconds:p95_5m" },
  { asks: "wait and work of each stage, 95th percentile", query: "genesis:stage_duration_seconds:p95_5m" },
  {
    asks: "spans a second of each service",
    query: "sum by (service_name) (rate(traces_span_metrics_calls_total[5m]))",
  },
  {
    asks: "duration of each kind of span, 95th percentile",
    query:
      "histogram_quantile(0.95, sum by (le, service_name, span_name) (rate(traces_span_metrics_duration_seconds_bucket[5m])))",
  },
  {
    asks: "messages from service to service",
    query: "sum by (client, server) (traces_service_graph_request_total)",
  },
  {
    asks: "decisions by agent and rule",
    query: "sum by (agent, rule) (halo_decisions_total)",
  },
  { asks: "what can be reached", query: "up" },
  { asks: "what waits in the Collector", query: "otelcol_exporter_queue_size" },
];

/** The address at which a Prometheus answers a query, as JSON. */
export function queryUrl(prometheus: string, query: string): string {
  return `${prometheus}/api/v1/query?${new URLSearchParams({ query })}`;
}
