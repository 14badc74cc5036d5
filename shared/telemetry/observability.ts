import type { DestinationStream } from "pino";
import type { Settings } from "../config.ts";
import { CorrelationContext } from "./correlation.ts";
import { createLog, logStructured, useLog, type Log, type LoggingOptions } from "./logging.ts";
import { snapshotMetrics, summarizeMetrics } from "./metrics-summary.ts";
import { collectProcessMetrics, keepMetricsFor, purgeMetrics, record, registerMetricsOf } from "./metrics.ts";
import { span, timedOperation, traced } from "./operations.ts";
import { startTracing, type Tracing, type TracingOptions } from "./tracing.ts";

/**
 * The library in one page: what a stage, an agent or a test imports to be observed. Each part works by itself and is
 * exported from here; the manager ties them to the life of a process.
 */
export { CorrelationContext } from "./correlation.ts";
export { logStructured } from "./logging.ts";
export type { MetricSnapshot, MetricSummary, MetricsSummary } from "./metrics-summary.ts";
export { SpanType } from "./names.ts";
export { span, timedOperation, traced, tracedOperation } from "./operations.ts";

/** Whose telemetry it is, and the settings that it reads. */
export type ObservabilityOptions = Omit<TracingOptions, "log" | "settings"> & {
  settings: TracingOptions["settings"] & Pick<Settings, "metricsTtlSeconds">;
};

const MS_PER_S = 1000;

/**
 * The observability of a process: its log, its spans and its metrics, from start to end. There is one of it,
 * `getObservability()`, because a process has one registry, one tracer and one standard output.
 */
export class ObservabilityManager {
  /** Spans of the table, around what is sync or async. */
  readonly span = span;
  /** As `span`, with its duration in a histogram. */
  readonly timedOperation = timedOperation;
  /** A function that makes every call of another one a span; for users, as `tracedOperation` is. */
  readonly traced = traced;
  /** Adds to a counter, or lets a histogram see a value; for users: a stage says its points in `observe`. */
  readonly recordMetric = record;
  /** Who asked for the work at hand, and how that is handed on. */
  readonly correlation = CorrelationContext;
  /** A line into the process's log, with the ids of the work at hand. */
  readonly logStructured = logStructured;
  /** Count, sum, min, max and percentiles per metric and label set. */
  readonly metricsSummary = summarizeMetrics;
  /** Every value of every metric, as JSON; for users who send them somewhere themselves. */
  readonly snapshots = snapshotMetrics;
  /**
   * Takes away label sets that nothing was recorded under for a time; every look at the metrics does that by itself.
   */
  readonly purge = purgeMetrics;

  #log: Log | undefined;
  #tracing: Tracing | undefined;

  /** Makes the log of the process. Before everything else, so that whatever fails then can be told. */
  openLog(options: LoggingOptions, out?: DestinationStream): Log {
    this.#log = createLog(options, out);
    useLog(this.#log);
    return this.#log;
  }

  /** Starts metrics and spans. @throws the file system's error when the traces file cannot be opened */
  async start({ settings, ...about }: ObservabilityOptions): Promise<void> {
    collectProcessMetrics();
    registerMetricsOf(about.service);
    keepMetricsFor(settings.metricsTtlSeconds * MS_PER_S);
    const log = this.#log ?? this.openLog({ service: about.service, level: "info", format: "json" });
    this.#tracing = await startTracing({ ...about, settings, log });
  }

  /** Sends the spans that still wait. Settles within 2 s, whatever the exporters do. */
  async stop(): Promise<void> {
    await this.#tracing?.stop();
    this.#tracing = undefined;
  }
}

const manager = new ObservabilityManager();

/** The observability of this process. */
export function getObservability(): ObservabilityManager {
  return manager;
}
