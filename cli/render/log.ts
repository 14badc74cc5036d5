import type { LogLine } from "../log-lines.ts";
import type { Paint } from "./paint.ts";
import { shorten, shortValue } from "./text.ts";
import { timeOfDay } from "./time.ts";

const MESSAGE_WIDTH = 400;
const VALUE_WIDTH = 200;
const SERVICE_WIDTH = 9;
const LEVEL_WIDTH = 5;

/** Ids that are long and rarely read; `--json` has them. */
const LEFT_OUT = new Set(["event", "span_id", "correlation_id", "trace_id", "service"]);
const SHORT_RUN = 8;

/** One log line for a person: when, how bad, who, what, and the rest as `key=value`. */
export function logText({ timeMs, level, service, message, fields }: LogLine, paint: Paint): string {
  const rest = Object.entries(fields)
    .filter(([key]) => !LEFT_OUT.has(key))
    .map(([key, value]) => `${shorten(key, VALUE_WIDTH)}=${key === "run" ? shortValue(value, VALUE_WIDTH).slice(0, SHORT_RUN) : shortValue(value, VALUE_WIDTH)}`);
  const label = shorten(level.toUpperCase(), LEVEL_WIDTH).padEnd(LEVEL_WIDTH);
  return [
    paint.dim(timeOfDay(timeMs)),
    COLOURS[level] === undefined ? label : paint[COLOURS[level]](label),
    shorten(service, SERVICE_WIDTH * 2).padEnd(SERVICE_WIDTH),
    shorten(message, MESSAGE_WIDTH),
    ...(rest.length > 0 ? [paint.dim(rest.join(" "))] : []),
  ].join(" ");
}

const COLOURS: Record<string, "dim" | "green" | "yellow" | "red"> = {
  trace: "dim",
  debug: "dim",
  info: "green",
  warn: "yellow",
  error: "red",
  fatal: "red",
};
