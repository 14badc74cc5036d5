/** How far apart the lines of an axis are, in milliseconds: 1, 2 or 5 of a power of ten, and at least `leastMs`. */
export function tickStep(leastMs) {
  const power = 10 ** Math.floor(Math.log10(leastMs));
  return power * ([1, 2, 5].find((n) => n * power >= leastMs * 0.999) ?? 10);
}

/** The moments between two that get a line. */
export function ticks(fromMs, toMs, stepMs) {
  const first = Math.ceil(fromMs / stepMs);
  return Array.from(
    { length: Math.max(0, Math.floor(toMs / stepMs) - first + 1) },
    (_, i) => (first + i) * stepMs,
  );
}

/** The name of a moment, in the unit that its axis is best read in. */
export function moment(ms, stepMs) {
  const [size, unit] = stepMs >= 60_000 ? [60_000, "min"] : stepMs >= 100 ? [1000, "s"] : [1, "ms"];
  return `${Number((ms / size).toFixed(3))} ${unit}`;
}
