import type { HrTime } from "@opentelemetry/api";

const NS_PER_MS = 1e6;
const MS_PER_S = 1e3;
/** `Date.now()` is cut to whole milliseconds, so only a larger difference is one. */
const MAX_DRIFT_MS = 2;

let offsetMs = performance.timeOrigin;

/**
 * The time of day, to about a quarter of a microsecond, monotonic while nobody sets the wall clock. Spans are given their start and end from
 * here: the SDK cuts its own start to whole milliseconds, while a hop takes less than one, so children would begin before
 * their parents. After the wall clock jumps, or the machine slept, it follows the wall clock again.
 */
export function now(): HrTime {
  const elapsedMs = performance.now();
  const wallMs = Date.now();
  if (Math.abs(offsetMs + elapsedMs - wallMs) > MAX_DRIFT_MS) offsetMs = wallMs - elapsedMs;
  const ms = offsetMs + elapsedMs;
  const seconds = Math.floor(ms / MS_PER_S);
  return [seconds, Math.round((ms - seconds * MS_PER_S) * NS_PER_MS)];
}
