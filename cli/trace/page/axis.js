const UNITS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1000, "s"],
];
/** How far apart lines may be from ten seconds on, where time is not counted in tens any more. */
const CLOCK_STEPS = [
  ...[10, 20, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3_600_000),
];

/** How far apart the lines of an axis are, in milliseconds: round for whoever reads a clock, and at least `leastMs`. */
export function tickStep(leastMs) {
  if (leastMs <= 5000) return decimalStep(leastMs);
  const [dayMs] = UNITS[0];
  return CLOCK_STEPS.find((ms) => ms >= leastMs * 0.999) ?? dayMs * decimalStep(Math.max(1, leastMs / dayMs));
}

/** 1, 2 or 5 of a power of ten. */
function decimalStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((n) => n * power >= least * 0.999) ?? 10);
}

/** The moments between two that get a line. */
export function ticks(fromMs, toMs, stepMs) {
  const first = Math.ceil(fromMs / stepMs);
  return Array.from(
    { length: Math.max(0, Math.floor(toMs / stepMs) - first + 1) },
    (_, i) => (first + i) * stepMs,
  );
}

/** The name of a moment, in the units that its axis is best read in. */
export function moment(ms, stepMs) {
  if (stepMs < 100) return `${Number(ms.toFixed(3))} ms`;
  if (ms < 60_000 && stepMs < 60_000) return `${Number((ms / 1000).toFixed(3))} s`;
  let restMs = ms;
  const parts = UNITS.map(([size, unit]) => {
    const count = unit === "s" ? Number((restMs / size).toFixed(3)) : Math.floor(restMs / size);
    restMs -= count * size;
    return count > 0 ? `${count} ${unit}` : "";
  });
  return parts.filter(Boolean).join(" ") || "0 min";
}
