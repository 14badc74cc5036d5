const STEPS = [1, 2, 5];

/** How far apart the lines of an axis are, in milliseconds, so that they are at least `px` apart. */
export function tickStep(msPerPx, px) {
  const least = Math.max(msPerPx * px, 1e-6);
  const power = 10 ** Math.floor(Math.log10(least));
  const step = STEPS.find((n) => n * power >= least * (1 - 1e-9));
  return step === undefined ? power * 10 : step * power;
}

/** The moments between two that get a line. */
export function ticks(fromMs, toMs, stepMs) {
  const first = Math.ceil(fromMs / stepMs);
  const count = Math.max(0, Math.floor(toMs / stepMs) - first + 1);
  return Array.from({ length: count }, (_, i) => (first + i) * stepMs);
}
