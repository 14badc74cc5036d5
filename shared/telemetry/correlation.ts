import { context, createContextKey, trace, type Context } from "@opentelemetry/api";
import { randomUUID } from "node:crypto";
import { HEADER, correlationIdOf, type HeaderValues } from "../contract/headers.ts";
import { traceHeadersOf } from "./trace-context.ts";

/** What every log line of a piece of work carries: the user's request, and where in its run the work stands. */
export type CorrelationContext = {
  correlationId?: string | undefined;
  run?: string | undefined;
  step?: string | undefined;
  attempt?: number | undefined;
};

/**
 * It travels inside OpenTelemetry's own context, so there is one async-local store in a process and never two
 * answers.
 */
const KEY = createContextKey("genesis correlation");

const NONE: CorrelationContext = {};

/** The caller's own correlation id, or a new one. */
function create(correlationId: string = randomUUID()): { correlationId: string } {
  return { correlationId };
}

/** The correlation that a message carries; a new one where it carries none that could travel on. */
function fromHeaders(headers: HeaderValues): { correlationId: string } {
  try {
    return create(correlationIdOf(headers));
  } catch {
    return create();
  }
}

/** The headers that hand a correlation on, with the span at hand as the sender. */
function toHeaders({ correlationId }: CorrelationContext = current()): Record<string, string> {
  const span = trace.getSpanContext(context.active());
  return {
    ...(correlationId !== undefined && { [HEADER.correlationId]: correlationId }),
    ...(span !== undefined && traceHeadersOf(span)),
  };
}

/** The correlation of the work that is running, or an empty one outside of any. */
function current(): CorrelationContext {
  return (context.active().getValue(KEY) as CorrelationContext | undefined) ?? NONE;
}

/**
 * Runs `fn` with these ids added to what already is current. They hold until `fn` has settled, and only inside it.
 */
function run<T>(correlation: CorrelationContext, fn: () => T): T {
  return context.with(correlatedContext(context.active(), { ...current(), ...correlation }), fn);
}

/**
 * How a request's correlation is begun, read from a message, handed on, and asked for. The runners of stages and agents do
 * that for what they run; `fromHeaders` and `toHeaders` are for users who read or send messages of their own.
 */
export const CorrelationContext = { create, fromHeaders, toHeaders, current, run } as const;

/** A context that carries the correlation, for whoever opens a scope of their own. */
export function correlatedContext(base: Context, correlation: CorrelationContext): Context {
  return base.setValue(KEY, correlation);
}
