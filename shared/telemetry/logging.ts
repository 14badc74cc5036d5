import { context, trace } from "@opentelemetry/api";
import { destination, pino, stdTimeFunctions, type DestinationStream } from "pino";
import { CorrelationContext } from "./correlation.ts";
import { LOG_KEYS, type LogKey } from "./names.ts";
import { prettyLines } from "./pretty-lines.ts";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal";

/**
 * What a log line says beside its message: a stable word for what happened, and values under the keys of names.ts.
 */
export type LogFields = { event: string; err?: unknown } & Partial<
  Record<Exclude<LogKey, "event" | "err">, string | number | boolean | undefined>
>;

export type Log = Record<LogLevel, (fields: LogFields, message: string) => void>;

export type LoggingOptions = { service: string; level: LogLevel; format: "json" | "pretty" };

/**
 * Writes one JSON object a line to standard output, with the ids of the work at hand: trace, span, correlation, run,
 * step. Keys that names.ts does not know are left out, so a goal, an input, an output or a result cannot slip in.
 */
export function createLog(options: LoggingOptions, out: DestinationStream = standardOutput()): Log {
  const { service, level, format } = options;
  return pino(
    {
      level,
      base: { service },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: knownKeys },
      serializers: { err: describeError },
      mixin: idsOfWork,
    },
    format === "pretty" ? prettyLines(out) : out,
  );
}

let processLog: Log | undefined;

/** Makes a log the one of this process: where lines go that belong to nobody in particular. */
export function useLog(log: Log): void {
  processLog = log;
}

/**
 * Writes a line into the log of this process, with the ids of the work at hand; nowhere while the process has none.
 */
export function logStructured(level: LogLevel, fields: LogFields, message: string): void {
  processLog?.[level](fields, message);
}

/** Written at once, so that the last line of a process that dies is there. */
export function standardOutput(): DestinationStream {
  const out = destination({ fd: 1, sync: true });
  // Whoever read the lines is gone; that is no reason to stop working.
  out.on("error", () => {});
  return out;
}

function idsOfWork(): Record<string, unknown> {
  const span = trace.getSpanContext(context.active());
  const { correlationId, run, step, attempt } = CorrelationContext.current();
  return {
    ...(span && { trace_id: span.traceId, span_id: span.spanId }),
    ...(correlationId !== undefined && { correlation_id: correlationId }),
    ...(run !== undefined && { run }),
    ...(step !== undefined && { step }),
    ...(attempt !== undefined && { attempt }),
  };
}

function knownKeys(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => Object.hasOwn(LOG_KEYS, key)));
}

const MAX_FRAMES = 8;
const MAX_CAUSES = 3;

/** Errors of a programme itself say what is wrong with it; any other text may quote what a user wrote. */
const TELLING = new Set(["TypeError", "ReferenceError", "RangeError", "AssertionError"]);

/** Below these a submission has names of the user's own: a place there is told no further. */
const USERS_PLACES = /\b(labels|input|context)\.[^\s:;)]+/g;

function withoutUsersNames(message: string): string {
  return message.replaceAll(USERS_PLACES, "$1.…");
}

/** An error without what it may quote: type, code and where it was thrown; its text only where that is ours. */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code } = error as { code?: unknown };
  const isOurs = typeof code === "string" && code.startsWith("E_");
  return {
    type: error.name,
    ...((typeof code === "string" || typeof code === "number") && { code }),
    ...((isOurs || TELLING.has(error.name)) && { message: withoutUsersNames(error.message) }),
    at: (error.stack ?? "")
      .split("\n")
      .filter(isFrame)
      .slice(0, MAX_FRAMES)
      .map((line) => line.trim()),
    ...(error.cause !== undefined && depth < MAX_CAUSES && { cause: describeError(error.cause, depth + 1) }),
  };
}

const isFrame = (line: string): boolean => /^\s+at /.test(line);
