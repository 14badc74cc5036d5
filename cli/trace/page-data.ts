import { SERVICE_LAYERS } from "../../shared/telemetry/names.ts";
import { counted, oneLine } from "../render/text.ts";
import { criticalPath, segmentsOf, summedSegments, type Segment } from "./critical-path.ts";
import { hopsOf } from "./hops.ts";
import { pageLogs, type PageLog } from "./page-logs.ts";
import { pageRows, type PageRow } from "./page-rows.ts";
import type { PageRun, PageStep } from "./page-run.ts";
import type { RunLogs } from "./read-logs.ts";
import { rounded } from "./rounded.ts";
import { traceRows } from "./rows.ts";
import { spanTrees } from "./span-tree.ts";
import type { Span } from "./span.ts";
import { spansOf } from "./words.ts";

/** What the page of a run is made of. Times are milliseconds from `beginMs`; every text stands on one line and is bounded. */
export type PageData = {
  run: PageRun;
  steps: readonly PageStep[];
  /** The moment from which times count, since the epoch. */
  beginMs: number;
  lengthMs: number;
  /** When the span ended that the critical path leads to. */
  endMs: number;
  spans: number;
  /** Every service, those of the house first and always in the same order: a service's place is its colour. */
  services: readonly string[];
  /** Where the time of the critical path went, the most first. */
  spent: readonly Segment[];
  rows: readonly PageRow[];
  /** Log lines of the run that belong to no span that is shown. */
  logs: readonly PageLog[];
  /** What was left out, in words. */
  notices: readonly string[];
};

/** What a page is put together from. There is at least one span. */
export type PageSource = Pick<PageData, "run" | "steps"> & { spans: readonly Span[]; logs: RunLogs };

/** More rows than this nobody reads, and no browser scrolls well. */
const MOST_ROWS = 5000;

/** Puts together what the page of a run shows. */
export function pageData({ run, steps, spans, logs }: PageSource): PageData {
  const path = criticalPath(spans);
  const all = traceRows(hopsOf(spanTrees(spans)), new Set(path));
  const shown = all.slice(0, MOST_ROWS);
  const beginMs = spans.reduce((first, { startMs }) => Math.min(first, startMs), Infinity);
  const services = servicesOf(spans);
  const ids = new Set(shown.flatMap((row) => spansOf(row).map(({ spanId }) => spanId)));
  const lines = pageLogs(logs.lines, ids, beginMs);
  return {
    run,
    steps,
    beginMs,
    lengthMs: rounded(spans.reduce((last, span) => Math.max(last, endOf(span)), beginMs) - beginMs),
    endMs: rounded(endOf(path.at(-1)!) - beginMs),
    spans: spans.length,
    services: services.map(oneLine),
    spent: summedSegments(segmentsOf(path)).map((segment) => ({ ...segment, ms: rounded(segment.ms) })),
    rows: pageRows(shown, { beginMs, services, logs: lines.of }),
    logs: lines.rest,
    notices: [...leftOut(all.length - shown.length, "row"), ...leftOut(logs.left + lines.left, "log line")],
  };
}

function servicesOf(spans: readonly Span[]): string[] {
  return [...new Set([...Object.keys(SERVICE_LAYERS), ...spans.map(({ service }) => service)])];
}

function leftOut(count: number, what: string): string[] {
  return count === 0 ? [] : [`${counted(count, what)} left out`];
}

function endOf({ startMs, durationMs }: Span): number {
  return startMs + durationMs;
}
