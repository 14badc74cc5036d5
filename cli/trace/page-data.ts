import { SERVICE_LAYERS } from "../../shared/telemetry/names.ts";
import { counted, oneLine } from "../render/text.ts";
import { criticalPath, segmentsOf, summedSegments, type Segment } from "./critical-path.ts";
import { hopsOf } from "./hops.ts";
import type { Block } from "./page-block.ts";
import { logBlock, pageLogs } from "./page-logs.ts";
import { pageRows, type PageRow } from "./page-rows.ts";
import type { PageRun, PageStep } from "./page-run.ts";
import type { RunLogs } from "./read-logs.ts";
import { rounded } from "./rounded.ts";
import { traceRows } from "./rows.ts";
import { spanTrees } from "./span-tree.ts";
import type { Span } from "./span.ts";
import { spansOf, spentOn, untakenText } from "./words.ts";

/** What the page of a run is made of. Times are milliseconds after the begin of the trace; every text stands on one line and is bounded. */
export type PageData = {
  run: PageRun;
  steps: readonly PageStep[];
  lengthMs: number;
  /** When the critical path ended. */
  endMs: number;
  /** Every service, those of the house first and always in the same order: a service's place is its colour. */
  services: readonly string[];
  /** Where the time of the critical path went, the most first. */
  spent: readonly PageShare[];
  rows: readonly PageRow[];
  /** What is to be known before all else: steps that nobody took, and what was left out. */
  notices: readonly string[];
};

/** A share of the critical path: whose it is, as the colour of a service or else as `wait`, `send` or `timer`. */
export type PageShare = { is: Segment["what"]; service: number; ms: number; label: string };

/** What a page is put together from. There is at least one span. */
export type PageSource = Pick<PageData, "run" | "steps"> & { spans: readonly Span[]; logs: RunLogs };

/** More rows than this nobody reads, and no browser scrolls well. */
const MOST_ROWS = 5000;

/** Puts together what the page of a run shows. */
export function pageData({ run, steps, spans, logs }: PageSource): PageData {
  const path = criticalPath(spans);
  const all = traceRows(hopsOf(spanTrees(spans)), new Set(path));
  const shown = all.slice(0, MOST_ROWS);
  const untaken = untakenText(all);
  const beginMs = spans.reduce((first, { startMs }) => Math.min(first, startMs), Infinity);
  const lastMs = spans.reduce((last, span) => Math.max(last, endOf(span)), beginMs);
  const used = new Set(spans.map(({ service }) => service));
  // Those of the house come first and in their own order, so that a colour means the same in every page.
  const services = [...new Set([...Object.keys(SERVICE_LAYERS), ...used])];
  const ids = new Set(shown.flatMap((row) => spansOf(row).map(({ spanId }) => spanId)));
  const lines = pageLogs(logs.lines, ids, beginMs);
  const rows = pageRows(shown, { beginMs, services, logs: lines.of });
  return {
    run: {
      ...run,
      figures: [...run.figures, ["spans", `${spans.length} of ${counted(used.size, "service")}`]],
      blocks: [...run.blocks, ...logBlock("Log lines outside of the spans", lines.rest)],
    },
    steps: steps.map((step) => ({ ...step, blocks: [...step.blocks, ...messagesOf(step, rows)] })),
    // Never nothing: it is what every place is measured by.
    lengthMs: Math.max(rounded(lastMs - beginMs), 0.001),
    endMs: rounded(endOf(path.at(-1)!) - beginMs),
    services: services.map(oneLine),
    spent: sharesOf(summedSegments(segmentsOf(path)), services),
    rows,
    notices: [
      ...(untaken === undefined ? [] : [untaken]),
      ...leftOut(all.length - shown.length, "row"),
      ...leftOut(logs.left + lines.left, "log line"),
    ],
  };
}

/** Where to find a step in the trace. */
function messagesOf({ id }: PageStep, rows: readonly PageRow[]): Block[] {
  const jumps = rows.flatMap(({ step, depth, name, who }, row) =>
    step === id && depth === 0 ? [{ row, name: `${name} ${who}` }] : [],
  );
  return jumps.length === 0 ? [] : [{ title: "Messages", isFolded: false, jumps }];
}

function sharesOf(segments: readonly Segment[], services: readonly string[]): PageShare[] {
  const totalMs = segments.reduce((sum, { ms }) => sum + ms, 0);
  return segments
    .filter(({ ms }) => ms / totalMs >= 0.005)
    .map(({ what, service, ms }) => {
      const percent = Math.round((ms / totalMs) * 100);
      return {
        is: what,
        service: services.indexOf(service),
        ms: rounded(ms),
        label: `${spentOn({ what, service })} ${percent} %`,
      };
    });
}

function leftOut(count: number, what: string): string[] {
  return count === 0 ? [] : [`${counted(count, what)} left out`];
}

function endOf({ startMs, durationMs }: Span): number {
  return startMs + durationMs;
}
