import type { LogLine } from "../log-lines.ts";
import { oneLine, shorten, shortValue } from "../render/text.ts";
import { rounded } from "./rounded.ts";

/** A log line in a page; `at` is milliseconds after the begin of the trace. */
export type PageLog = {
  at: number;
  level: string;
  service: string;
  message: string;
  fields: readonly (readonly [key: string, value: string])[];
};

/** The log lines of a page: those of each span, those that belong to no span of it, and how many were left out. */
export type PageLogs = { of: ReadonlyMap<string, readonly PageLog[]>; rest: readonly PageLog[]; left: number };

/** A span, and what belongs to none, shows at most this many lines. */
const MOST_LINES = 100;
const MESSAGE_WIDTH = 500;
const VALUE_WIDTH = 300;

/** What the page says elsewhere already. */
const LEFT_OUT = new Set(["trace_id", "span_id", "correlation_id", "run"]);

/** Gives the log lines to the spans that wrote them. @param shown ids of the spans that the page shows */
export function pageLogs(lines: readonly LogLine[], shown: ReadonlySet<string>, beginMs: number): PageLogs {
  const spanOf = ({ fields }: LogLine): string => String(fields["span_id"] ?? "");
  const groups = Map.groupBy(lines, (line) => (shown.has(spanOf(line)) ? spanOf(line) : ""));
  const kept = [...groups].map(([id, group]) => {
    return [id, group.slice(0, MOST_LINES).map((line) => pageLog(line, beginMs))] as const;
  });
  const of = new Map(kept);
  const rest = of.get("") ?? [];
  of.delete("");
  return { of, rest, left: kept.reduce((left, [, group]) => left - group.length, lines.length) };
}

function pageLog({ timeMs, level, service, message, fields }: LogLine, beginMs: number): PageLog {
  return {
    at: rounded(timeMs - beginMs),
    level: oneLine(level),
    service: oneLine(service),
    message: shorten(message, MESSAGE_WIDTH),
    fields: Object.entries(fields)
      .filter(([key]) => !LEFT_OUT.has(key))
      .map(([key, value]) => [shorten(key, VALUE_WIDTH), shortValue(value, VALUE_WIDTH)] as const),
  };
}
