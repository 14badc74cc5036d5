import {
  ATTRIBUTES,
  LOG_KEYS,
  METRICS,
  RESOURCE_ATTRIBUTES,
  SPANS,
  SPAN_EVENTS,
  TRANSPORT_SPANS,
  type MetricRow,
  type NameRow,
  type SpanRow,
} from "../../shared/telemetry/names.ts";
import type { FileSpan } from "../support/trace-files.ts";

/** The names of a run of all scenarios, and of the table, by what they are names of. */
export type Names = Record<(typeof KINDS)[number], ReadonlySet<string>>;
export const KINDS = [
  "spans",
  "events",
  "attributes",
  "resource attributes",
  "metrics",
  "labels",
  "log keys",
] as const;

/** What the table says that there is; what is only reserved is not. */
export function namesOfTable(): Names {
  const metrics = Object.values<MetricRow>(METRICS).filter(isWritten);
  return {
    spans: new Set([...writtenIn(TRANSPORT_SPANS), ...writtenIn(SPANS)]),
    events: new Set(writtenIn(SPAN_EVENTS)),
    attributes: new Set(
      Object.values<NameRow & { name: string }>(ATTRIBUTES)
        .filter(isWritten)
        .map(({ name }) => name),
    ),
    "resource attributes": new Set(RESOURCE_ATTRIBUTES.map(({ name }) => name)),
    metrics: new Set(metrics.map(({ name }) => name)),
    labels: new Set(
      metrics.flatMap(({ name, labels }) => Object.keys(labels).map((label) => `${label} of ${name}`)),
    ),
    "log keys": new Set(writtenIn(LOG_KEYS)),
  };
}

function writtenIn(rows: Readonly<Record<string, NameRow>>): string[] {
  return Object.entries(rows).flatMap(([name, row]) => (isWritten(row) ? [name] : []));
}

function isWritten({ stability }: NameRow): boolean {
  return stability !== "reserved";
}

/** Everything that was seen. @param pages the metrics of every process, in OpenMetrics */
export function namesSeen({
  spans,
  pages,
  lines,
}: {
  spans: readonly FileSpan[];
  pages: readonly string[];
  lines: readonly Record<string, unknown>[];
}): Names {
  const events = spans.flatMap((span) => span.events);
  const series = pages.flatMap(seriesIn);
  return {
    spans: new Set(spans.map(nameInTable)),
    events: new Set(events.map(({ name }) => name)),
    attributes: new Set([
      ...[...spans, ...events].flatMap(({ attributes }) => Object.keys(attributes)),
      ...spans.flatMap(({ links }) => links.flatMap((link) => Object.keys(link.attributes))),
    ]),
    "resource attributes": new Set(spans.flatMap(({ resource }) => Object.keys(resource))),
    metrics: new Set(series.map(({ name }) => name)),
    labels: new Set(series.flatMap(({ name, labels }) => labels.map((label) => `${label} of ${name}`))),
    "log keys": new Set(lines.flatMap(Object.keys)),
  };
}

/** The row that a span is named by: what follows the name is what it is about. */
function nameInTable({ name }: FileSpan): string {
  const [first = ""] = name.split(" ", 1);
  const row = { ...TRANSPORT_SPANS, ...SPANS }[first as keyof typeof SPANS] as SpanRow | undefined;
  const isNamedAfter = row !== undefined && (first in TRANSPORT_SPANS || row.namedAfter !== undefined);
  return isNamedAfter ? first : name;
}

/**
 * The metrics of the table on a page that something was recorded under; those of the process and of Node are the
 * library's own. What has no labels stands there from the start, at 0.
 */
function seriesIn(page: string): { name: string; labels: string[] }[] {
  return page.split("\n").flatMap((line) => {
    const [, sample = "", told = "", value] = /^([a-z_]+)(?:\{([^}]*)\})? (\S+)/.exec(line) ?? [];
    if (sample === "" || /^(process|nodejs)_/.test(sample)) return [];
    const labels = [...told.matchAll(/(\w+)="/g)]
      .map(([, label]) => label!)
      .filter((label) => label !== "le");
    return labels.length === 0 && Number(value) === 0 ? [] : [{ name: metricOf(sample), labels }];
  });
}

const HISTOGRAMS = new Set(
  Object.values<MetricRow>(METRICS)
    .filter(({ kind }) => kind === "histogram")
    .map(({ name }) => name),
);

/** The metric that a sample belongs to: a histogram has several kinds of them. */
function metricOf(sample: string): string {
  const name = sample.replace(/_(bucket|sum|count)$/, "");
  return HISTOGRAMS.has(name) ? name : sample;
}
