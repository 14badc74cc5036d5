import { criticalPath, segmentsOf, summedSegments, type Segment } from "../trace/critical-path.ts";
import { hopsOf } from "../trace/hops.ts";
import { traceRows, type TraceRow } from "../trace/rows.ts";
import { spanTrees } from "../trace/span-tree.ts";
import type { Span } from "../trace/span.ts";
import {
  isFailure,
  isTaken,
  linksOf,
  named,
  nameOf,
  namedStep,
  remarksOf,
  servicesOf,
  signOf,
  spansOf,
  spentOn,
  untakenText,
  type LinkTarget,
} from "../trace/words.ts";
import type { Paint } from "./paint.ts";
import { tableLines } from "./table.ts";
import { counted, oneLine, shorten } from "./text.ts";
import { duration, offset } from "./time.ts";

const NAME_WIDTH = 60;
const HEAD = ["MESSAGE", "SERVICE", "AT", "SENDING", "WAITED", "TOOK", ""];

const GAP = HEAD.map(() => "");
const LEGEND = [
  "Each message was brought about by the one above it on its line; what is indented below it is what its handling did.",
  "◆ on the path that decided when the run ended   ● any other   ○ nobody is known to have taken it",
];

/**
 * A trace as text: a summary, where its time went, then one line per message with when it was sent and how long the sending,
 * the wait in its stream and the handling took, and below it what happened inside the handling.
 */
export function traceLines(spans: readonly Span[], paint: Paint): string[] {
  const path = criticalPath(spans);
  const rows = traceRows(hopsOf(spanTrees(spans)), new Set(path));
  const links = linksOf(rows);
  const untaken = untakenText(rows);
  const beginMs = spans.reduce((first, { startMs }) => Math.min(first, startMs), Infinity);
  const lines = grouped(rows.map((row, i) => ({ row, links: links[i]! })));
  return [
    ...summaryLines(spans, beginMs),
    ...(untaken === undefined ? [] : [paint.yellow(untaken)]),
    ...pathLine(summedSegments(segmentsOf(path)), paint),
    "",
    ...LEGEND.map((line) => paint.dim(line)),
    "",
    ...tableLines(
      HEAD,
      lines.flatMap((line, i) => [
        ...(i > 0 && line.rows[0].begins === "tree" ? [GAP] : []),
        cellsOf(line, beginMs, paint),
      ]),
      paint,
    ),
  ];
}

function summaryLines(spans: readonly Span[], beginMs: number): string[] {
  const endMs = spans.reduce(
    (last, { startMs, durationMs }) => Math.max(last, startMs + durationMs),
    beginMs,
  );
  const services = new Set(spans.map((span) => span.service));
  const traces = [...new Set(spans.map((span) => span.traceId))];
  return [
    `${traces.length === 1 ? "trace" : "traces"} ${traces.join(", ")}`,
    `${counted(spans.length, "span")} of ${counted(services.size, "service")} in ${duration(endMs - beginMs)}`,
  ];
}

/** Where the time went on the way to the end. What took less than half a per cent is left out. */
function pathLine(segments: readonly Segment[], paint: Paint): string[] {
  const totalMs = segments.reduce((sum, { ms }) => sum + ms, 0);
  const shares = segments
    .map(({ what, service, ms }) => ({
      who: spentOn({ what, service }),
      percent: Math.round((ms / totalMs) * 100),
    }))
    .filter(({ percent }) => percent > 0);
  return shares.length === 0
    ? []
    : [
        `${paint.dim("the time went into")} ${shares.map(({ who, percent }) => `${who} ${percent} %`).join(", ")}`,
      ];
}

/** A row, or several that say the same and lead nowhere: a fan-out of fifty sets fifty timers. */
type Line = { rows: [TraceRow, ...TraceRow[]]; links: readonly LinkTarget[] };

function grouped(lines: readonly { row: TraceRow; links: readonly LinkTarget[] }[]): Line[] {
  const groups: Line[] = [];
  for (const { row, links } of lines) {
    const last = groups.at(-1);
    const same = links.length === 0 ? samenessOf(row) : undefined;
    if (last && same !== undefined && last.links.length === 0 && samenessOf(last.rows[0]) === same)
      last.rows.push(row);
    else groups.push({ rows: [row], links });
  }
  return groups;
}

/** What rows have in common that can be told in one line; nothing for a row that is to be seen by itself. */
function samenessOf(row: TraceRow): string | undefined {
  const isLeaf = row.part !== undefined || !isTaken(row);
  if (!isLeaf || remarksOf(row).length > 0) return undefined;
  return [nameOf(row), servicesOf(row), row.depth, row.rail, row.begins, row.isCritical].join("|");
}

function cellsOf({ rows, links }: Line, beginMs: number, paint: Paint): string[] {
  const [row] = rows;
  const { sent, work, part } = row;
  const name = `${shorten(nameOf(row), NAME_WIDTH)}${rows.length > 1 ? ` ×${rows.length}` : ""}`;
  return [
    `${paint.dim(railsOf(row))}${bulletOf(row, paint)}${isFailure(row) ? paint.red(name) : name}`,
    oneLine(servicesOf(row)),
    offset(spansOf(row)[0]!.startMs - beginMs),
    sent === undefined ? "" : coveredBy(rows.flatMap((one) => one.sent ?? [])),
    work?.queueWaitMs === undefined ? "" : duration(work.queueWaitMs),
    work === undefined && part === undefined
      ? ""
      : coveredBy(rows.flatMap((one) => one.work ?? one.part ?? [])),
    noteOf({ rows, links }, paint),
  ];
}

function railsOf({ rail, depth, begins, goesOn }: TraceRow): string {
  if (depth > 0) return `${"│ ".repeat(rail)}${goesOn ? "│" : " "}${"  ".repeat(depth)}`;
  return begins === "branch" ? `${"│ ".repeat(rail - 1)}├─` : "│ ".repeat(rail);
}

function bulletOf(row: TraceRow, paint: Paint): string {
  if (row.depth > 0) return " ";
  const sign = signOf(row);
  return `${sign === "◆" ? paint.cyan(sign) : sign} `;
}

/** From the start of the first to the end of the last. */
function coveredBy(spans: readonly Span[]): string {
  const startMs = Math.min(...spans.map((span) => span.startMs));
  return duration(Math.max(...spans.map((span) => span.startMs + span.durationMs)) - startMs);
}

function noteOf({ rows, links }: Line, paint: Paint): string {
  const steps = [...new Set(rows.flatMap((row) => namedStep(row) ?? []))];
  return [
    ...(steps.length > 0 ? [named(steps)] : []),
    ...remarksOf(rows[0]).map(({ text, isError }) => (isError ? paint.red : paint.yellow)(oneLine(text))),
    ...[...Map.groupBy(links, ({ name }) => name)].map(([name, targets]) => {
      return paint.dim(
        `linked to ${oneLine(name)} ${named(targets.flatMap(({ step }) => step ?? []))}`.trimEnd(),
      );
    }),
  ].join(", ");
}
