import { context, createContextKey, type Context } from "@opentelemetry/api";
import { randomUUID } from "node:crypto";

/** What every log line of a piece of work carries: the user's request, and where in its run the work stands. */
export type CorrelationContext = {
  correlationId?: string | undefined;
  run?: string | undefined;
  step?: string | undefined;
  attempt?: number | undefined;
};

/** It travels inside OpenTelemetry's own context, so there is one async-local store in a process and never two answers. */
const KEY = createContextKey("genesis correlation");

/** The caller's own correlation id, or a new one. */
export function createCorrelation(correlationId: string = randomUUID()): CorrelationContext {
  return { correlationId };
}

/** The correlation of the work that is running, or an empty one outside of any. */
export function currentCorrelation(): CorrelationContext {
  return correlationIn(context.active()) ?? {};
}

/** Runs `fn` with these ids added to what already is current. They hold until `fn` has settled, and only inside it. */
export function withCorrelation<T>(correlation: CorrelationContext, fn: () => T): T {
  return context.with(correlatedContext(context.active(), { ...currentCorrelation(), ...correlation }), fn);
}

/** A context that carries the correlation, for whoever opens a scope of their own. */
export function correlatedContext(base: Context, correlation: CorrelationContext): Context {
  return base.setValue(KEY, correlation);
}

function correlationIn(base: Context): CorrelationContext | undefined {
  return base.getValue(KEY) as CorrelationContext | undefined;
}
