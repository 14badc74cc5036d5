import { isHandling, isSending } from "./hops.ts";
import type { Span } from "./span.ts";

/** What the time between two moments of the critical path went into: somebody's work, storing a message, its waiting, or a timer. */
export type Segment = { what: "work" | "send" | "wait" | "timer"; service: string; ms: number };

/**
 * The chain of spans that decided when a run ended: from its end (the sending of `run.finished`, or as long as there is none
 * the span that ends last) back through what each span had to wait for last. The first span comes first.
 */
export function criticalPath(spans: readonly Span[]): Span[] {
  // Of a span that was written twice the first counts, as in the trees.
  const byKey = new Map(spans.toReversed().map((span) => [keyOf(span), span]));
  const path: Span[] = [];
  const seen = new Set<Span>();
  for (let at = lastSpan(spans); at !== undefined && !seen.has(at); at = causeOf(at, byKey)) {
    seen.add(at);
    path.push(at);
  }
  return path.toReversed();
}

/** Where the time of a critical path went, one segment for each span on it and each wait before one. */
export function segmentsOf(path: readonly Span[]): Segment[] {
  return path.flatMap((span, i): Segment[] => {
    const next = path[i + 1];
    const { service, startMs } = span;
    if (next === undefined)
      return [{ what: isSending(span) ? "send" : "work", service, ms: span.durationMs }];
    if (!isSending(span) || !isHandling(next)) {
      return [{ what: isSending(span) ? "send" : "work", service, ms: until(startMs, next.startMs) }];
    }
    const storedMs = next.startMs - (next.queueWaitMs ?? 0);
    return [
      { what: isTimer(span) ? "timer" : "send", service, ms: until(startMs, storedMs) },
      { what: "wait", service: next.service, ms: until(Math.max(startMs, storedMs), next.startMs) },
    ];
  });
}

/** The same with one entry for each kind and service, the longest first. */
export function summedSegments(segments: readonly Segment[]): Segment[] {
  const sums = new Map<string, Segment>();
  for (const { what, service, ms } of segments) {
    // Whose message waited matters less than that it waited.
    const key = what === "work" ? service : what;
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { what, service: what === "work" ? service : "", ms });
    else sum.ms += ms;
  }
  return [...sums.values()].toSorted((a, b) => b.ms - a.ms);
}

function lastSpan(spans: readonly Span[]): Span | undefined {
  const ends = spans.filter((span) => isSending(span) && span.name.endsWith(".run.finished") && !span.error);
  const [first, ...rest] = ends.length > 0 ? ends : spans;
  return rest.reduce((last, span) => (endOf(span) > endOf(last!) ? span : last), first);
}

/**
 * What a span had to wait for last: its parent, or a linked span that began later, as the rejection that a new revision
 * answers or the attempt that failed before this one.
 */
function causeOf(span: Span, byKey: ReadonlyMap<string, Span>): Span | undefined {
  const parent = byKey.get(keyOf({ traceId: span.traceId, spanId: span.parentSpanId ?? "" }));
  const linked = span.links.map((link) => byKey.get(keyOf(link)));
  const before = linked.filter((cause) => cause !== undefined && cause.startMs < span.startMs);
  return before.reduce((last, cause) => (cause!.startMs > (last?.startMs ?? 0) ? cause : last), parent);
}

function keyOf({ traceId, spanId }: { traceId: string; spanId: string }): string {
  return `${traceId}/${spanId}`;
}

/** Whether a span sets a timer. */
export function isTimer(span: Pick<Span, "name"> | undefined): boolean {
  return span?.name.endsWith(".timers.set") === true;
}

function endOf({ startMs, durationMs }: Span): number {
  return startMs + durationMs;
}

function until(fromMs: number, toMs: number): number {
  return Math.max(0, toMs - fromMs);
}
