import { z } from "zod";
import { loggedErrorText } from "../../shared/telemetry/logged-error.ts";
import type { LogLine } from "../log-lines.ts";
import type { Paint } from "./paint.ts";
import { shorten, shortValue } from "./text.ts";
import { timeOfDay } from "./time.ts";

const MESSAGE_WIDTH = 400;
const VALUE_WIDTH = 200;
/** What was thrown and two causes, each with the place it came from. */
const ERROR_WIDTH = 800;
const SERVICE_WIDTH = 9;
const LEVEL_WIDTH = 5;

/** Ids that are long and rarely read; `--json` has them. */
const LEFT_OUT = new Set(["event", "span_id", "correlation_id", "trace_id", "service"]);
const SHORT_RUN = 8;

/** One log line for a person: when, how bad, who, what, and the rest as `key=value`. */
export function logText({ timeMs, level, service, message, fields }: LogLine, paint: Paint): string {
  const rest = Object.entries(fields).filter(([key]) => !LEFT_OUT.has(key));
  const label = shorten(level.toUpperCase(), LEVEL_WIDTH).padEnd(LEVEL_WIDTH);
  return [
    paint.dim(timeOfDay(timeMs)),
    COLOURS[level] === undefined ? label : paint[COLOURS[level]](label),
    shorten(service, SERVICE_WIDTH * 2).padEnd(SERVICE_WIDTH),
    shorten(message, MESSAGE_WIDTH),
    ...(rest.length > 0 ? [paint.dim(rest.map(fieldText).join(" "))] : []),
  ].join(" ");
}

function fieldText([key, value]: [string, unknown]): string {
  const name = shorten(key, VALUE_WIDTH);
  if (key === "run") return `${name}=${shortValue(value, VALUE_WIDTH).slice(0, SHORT_RUN)}`;
  const error = key === "err" ? loggedError.safeParse(value).data : undefined;
  return `${name}=${error ? shorten(loggedErrorText(error), ERROR_WIDTH) : shortValue(value, VALUE_WIDTH)}`;
}

/** An error as the services log it. */
const loggedError = z.object({
  type: z.string(),
  message: z.string().optional(),
  details: z.array(z.object({ path: z.string(), rule: z.string() })).optional(),
  at: z.array(z.string()).optional(),
  get cause() {
    return loggedError.optional();
  },
});

const COLOURS: Record<string, "dim" | "green" | "yellow" | "red"> = {
  trace: "dim",
  debug: "dim",
  info: "green",
  warn: "yellow",
  error: "red",
  fatal: "red",
};
