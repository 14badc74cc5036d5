import { context, trace } from "@opentelemetry/api";
import { destination, pino, stdTimeFunctions, type DestinationStream } from "pino";
import { CorrelationContext } from "./correlation.ts";
import { describeError } from "./logged-error.ts";
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

export type LoggingOptions = {
  service: string;
  level: LogLevel;
  format: "json" | "pretty";
  /** Whether the text of any error is told, which may quote what users wrote; by default only of those that are ours. */
  errorText?: boolean;
};

/**
 * Writes one JSON object a line to standard output, with the ids of the work at hand: trace, span, correlation, run,
 * step. Keys that names.ts does not know are left out, so a goal, an input, an output or a result cannot slip in.
 */
export function createLog(options: LoggingOptions, out: DestinationStream = standardOutput()): Log {
  const { service, level, format, errorText = false } = options;
  return pino(
    {
      level,
      base: { service },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: knownKeys },
      serializers: { err: (error: unknown) => describeError(error, errorText) },
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
