import type { Span } from "../../cli/trace/span.ts";

/** Spans of a run as its services would write them, for tests of what shows a trace. */

export const TRACE = "0af7651916cd43dd8448eb211c80319c";
export const START_MS = Date.parse("2026-01-01T00:00:00Z");

/** Whose span it is, when it began after the start and how long it took, in milliseconds. */
type Told = Partial<Span> & { at: number; took?: number };

/** A span. A number stands for its id, as in `sampleSpan(2, 1, …)`: the second, brought about by the first. */
export function sampleSpan(
  id: number,
  parent: number | undefined,
  name: string,
  { at, took = 2, ...more }: Told,
): Span {
  return {
    traceId: TRACE,
    spanId: spanId(id),
    ...(parent !== undefined && { parentSpanId: spanId(parent) }),
    name,
    service: "execution",
    startMs: START_MS + at,
    durationMs: took,
    attributes: {},
    links: [],
    ...more,
  };
}

/** The id that a number stands for. */
export function spanId(id: number): string {
  return id.toString(16).padStart(16, "0");
}

/** What a span links to. */
export function linkTo(id: number): Span["links"][number] {
  return { traceId: TRACE, spanId: spanId(id) };
}

const of = (step: string, attempt = 1) => ({
  attributes: { "genesis.step": step, "genesis.attempt": attempt },
});

/**
 * A run of two steps side by side, `a` and `b`, and the end of the run, which joins them. `b` is the slower one, at its
 * second attempt, and so on the critical path.
 */
export function sampleTrace(): Span[] {
  return [
    sampleSpan(1, undefined, "publish genesis.v1.plan.validated", { at: 0, service: "aop", took: 3 }),
    sampleSpan(2, 1, "process genesis.v1.plan.validated", { at: 5, took: 10, queueWaitMs: 4 }),
    sampleSpan(3, 2, "custom.measure", { at: 6 }),
    sampleSpan(4, 2, "publish genesis.v1.step.dispatched", { at: 8, ...of("a") }),
    sampleSpan(5, 4, "process genesis.v1.step.dispatched", {
      at: 10,
      took: 20,
      service: "agents",
      queueWaitMs: 1,
      ...of("a"),
    }),
    sampleSpan(6, 5, "publish genesis.v1.step.completed", { at: 28, service: "agents", ...of("a") }),
    sampleSpan(7, 6, "process genesis.v1.step.completed", { at: 31, ...of("a") }),
    sampleSpan(8, 2, "publish genesis.v1.step.dispatched", { at: 9, ...of("b", 2) }),
    sampleSpan(9, 8, "process genesis.v1.step.dispatched", {
      at: 11,
      took: 60,
      service: "agents",
      error: "E_AGENT",
      ...of("b", 2),
    }),
    sampleSpan(10, 9, "invoke_agent worker", { at: 12, took: 50, service: "agents" }),
    sampleSpan(11, 9, "publish genesis.v1.step.failed", { at: 70, service: "agents", ...of("b", 2) }),
    sampleSpan(12, 11, "process genesis.v1.step.failed", {
      at: 75,
      took: 5,
      queueWaitMs: 4,
      links: [linkTo(6)],
      ...of("b", 2),
    }),
    sampleSpan(13, 12, "publish genesis.v1.run.finished", { at: 78, took: 1 }),
    sampleSpan(14, 2, "publish genesis.timers.set", { at: 12, ...of("a") }),
    sampleSpan(15, 2, "publish genesis.timers.set", { at: 13, ...of("b", 1) }),
  ];
}
