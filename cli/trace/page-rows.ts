import { oneLine, shorten } from "../render/text.ts";
import type { PageLog } from "./page-logs.ts";
import { rounded } from "./rounded.ts";
import type { TraceRow } from "./rows.ts";
import type { Span } from "./span.ts";
import { linksOf, nameOf, remarksOf, servicesOf, type LinkTarget, type Remark } from "./words.ts";

/** A span in a page; `at` is milliseconds after the begin of the trace. */
export type PageSpan = {
  id: string;
  name: string;
  /** Place of its service in the page's list. */
  service: number;
  at: number;
  took: number;
  /** How long its message had waited in its stream before. */
  waited?: number;
  error?: string;
  attributes: readonly (readonly [key: string, value: string])[];
  logs: readonly PageLog[];
};

/** A row of the waterfall: a message with its sending, waiting and handling, or a part of the handling above it. */
export type PageRow = Pick<TraceRow, "depth" | "rail" | "isBranch" | "goesOn" | "isCritical"> & {
  name: string;
  /** Who did it, in words. */
  who: string;
  step?: string;
  remarks: readonly Remark[];
  links: readonly LinkTarget[];
  sent?: PageSpan;
  work?: PageSpan;
  part?: PageSpan;
};

/** What the rows are drawn from beside themselves. */
export type RowSource = {
  beginMs: number;
  services: readonly string[];
  logs: ReadonlyMap<string, readonly PageLog[]>;
};

const TEXT_WIDTH = 300;

/** The rows of a trace as a page shows them. */
export function pageRows(rows: readonly TraceRow[], source: RowSource): PageRow[] {
  const links = linksOf(rows);
  return rows.map((row, i) => {
    const { depth, rail, isBranch, goesOn, isCritical, step, sent, work, part } = row;
    return {
      name: shorten(nameOf(row), TEXT_WIDTH),
      who: oneLine(servicesOf(row)),
      depth,
      rail,
      isBranch,
      goesOn,
      isCritical,
      ...(step !== undefined && { step: oneLine(step) }),
      remarks: remarksOf(row).map(({ text, isError }) => ({ text: shorten(text, TEXT_WIDTH), isError })),
      links: links[i]!.map((link) => ({ ...link, name: shorten(link.name, TEXT_WIDTH) })),
      ...(sent && { sent: pageSpan(sent, source) }),
      ...(work && { work: pageSpan(work, source) }),
      ...(part && { part: pageSpan(part, source) }),
    };
  });
}

function pageSpan(span: Span, { beginMs, services, logs }: RowSource): PageSpan {
  return {
    id: span.spanId,
    name: shorten(span.name, TEXT_WIDTH),
    service: services.indexOf(span.service),
    at: rounded(span.startMs - beginMs),
    took: rounded(span.durationMs),
    ...(span.queueWaitMs !== undefined && { waited: rounded(span.queueWaitMs) }),
    ...(span.error !== undefined && { error: shorten(span.error, TEXT_WIDTH) }),
    attributes: Object.entries(span.attributes).map(([key, value]) => {
      return [shorten(key, TEXT_WIDTH), shorten(String(value), TEXT_WIDTH)] as const;
    }),
    logs: logs.get(span.spanId) ?? [],
  };
}
