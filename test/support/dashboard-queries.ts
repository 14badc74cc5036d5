import { TARGETS, type Target } from "./dashboard-panels.ts";

/** A question of a panel, in PromQL or TraceQL, with Grafana's variables in it. `panel` is `DASHBOARD: TITLE`. */
export type Asked = { dashboard: string; panel: string; text: string };

const asked = (textOf: (target: Target) => string | undefined): Asked[] =>
  TARGETS.flatMap(({ dashboard, where, target }) => {
    const text = textOf(target);
    return text === undefined ? [] : [{ dashboard, panel: where, text }];
  });

/** What is asked of Prometheus. */
export const METRIC_QUERIES = asked(({ expr }) => expr);
/** What is asked of Tempo. */
export const TRACE_QUERIES = asked(({ query }) => query);

/** As Grafana puts it over an hour: with the shortest interval for a rate, and everything that can be chosen chosen. */
export function promqlOf(text: string): string {
  return text
    .replaceAll("$__rate_interval", "1m")
    .replaceAll("$__range", "1h")
    .replaceAll(/=~"\$\{\w+\}"/g, '=~".*"');
}

/** As Grafana puts it for one run. @param id a run id or a correlation id */
export function traceqlOf(text: string, id: string): string {
  return text.replaceAll("${id}", id);
}
