import type { HrTime } from "@opentelemetry/api";

const NS_PER_MS = 1e6;
const MS_PER_S = 1e3;
/** `Date.now()` is behind the wall clock by up to one millisecond, so that a difference of two is one. */
const MAX_DRIFT_MS = 2;

/** The wall clock's time at the monotonic clock's zero. */
let zeroMs = performance.timeOrigin;

/**
 * The time of day, to about a quarter of a microsecond, monotonic while nobody sets the wall clock. Spans are given
 * their start and end from here: the SDK cuts its own start to whole milliseconds, while a hop takes less than one,
 * so children would begin before their parents. When the wall clock jumps, or the machine has slept, it follows.
 */
export function now(): HrTime {
  return hrTimeOf(nowMs());
}

/** The same in milliseconds since the epoch, with their fraction. */
export function nowMs(): number {
  const elapsedMs = performance.now();
  const atLeastMs = Date.now() - elapsedMs;
  if (atLeastMs > zeroMs || zeroMs - atLeastMs > MAX_DRIFT_MS) zeroMs = atLeastMs;
  return zeroMs + elapsedMs;
}

/** A time in milliseconds since the epoch, as spans take it. */
export function hrTimeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / MS_PER_S);
  return [seconds, Math.round((ms - seconds * MS_PER_S) * NS_PER_MS)];
}
