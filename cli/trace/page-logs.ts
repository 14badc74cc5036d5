import type { LogLine } from "../log-lines.ts";
import { oneLine, shorten, shortValue } from "../render/text.ts";
import { offset } from "../render/time.ts";
import type { Block, PageLog } from "./page-block.ts";

/** The log lines of a page: those of each span, those that belong to no span of it, and how many were left out. */
export type PageLogs = {
  of: ReadonlyMap<string, readonly PageLog[]>;
  rest: readonly PageLog[];
  left: number;
};

/** A span, and what belongs to none, shows at most this many lines. */
const MOST_LINES = 100;
const MESSAGE_WIDTH = 500;
const VALUE_WIDTH = 300;

/** What the page says elsewhere already. */
const LEFT_OUT = new Set(["trace_id", "span_id", "correlation_id", "run"]);

/** Gives the log lines to the spans that wrote them. @param shown ids of the spans that the page shows */
export function pageLogs(lines: readonly LogLine[], shown: ReadonlySet<string>, beginMs: number): PageLogs {
  const groups = Map.groupBy(lines, ({ fields }) => {
    const id = String(fields["span_id"] ?? "");
    return shown.has(id) ? id : "";
  });
  const kept = [...groups].map(([id, group]) => {
    return [id, group.slice(0, MOST_LINES).map((line) => pageLog(line, beginMs))] as const;
  });
  const of = new Map(kept);
  const rest = of.get("") ?? [];
  of.delete("");
  return { of, rest, left: kept.reduce((left, [, group]) => left - group.length, lines.length) };
}

/** A block of log lines, or none where there are none. */
export function logBlock(title: string, logs: readonly PageLog[]): Block[] {
  return logs.length === 0 ? [] : [{ title: `${title} (${logs.length})`, isFolded: false, logs }];
}

function pageLog({ timeMs, level, service, message, fields }: LogLine, beginMs: number): PageLog {
  const rest = Object.entries(fields).filter(([key]) => !LEFT_OUT.has(key));
  return {
    when: `${offset(timeMs - beginMs)} ${oneLine(service)}`,
    level: oneLine(level),
    message: shorten(message, MESSAGE_WIDTH),
    rest: rest
      .map(([key, value]) => `${shorten(key, VALUE_WIDTH)}=${shortValue(value, VALUE_WIDTH)}`)
      .join(" "),
  };
}
