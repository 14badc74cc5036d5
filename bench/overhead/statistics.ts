/** A value with the interval that holds it in 95 of 100 such experiments. */
export type Estimate = { median: number; low: number; high: number };

/** What can be said of an effect next to its goal, honestly. */
export type Verdict = "within" | "beyond" | "likely beyond" | "unknown";

const RESAMPLES = 4000;

/**
 * The median of what was measured in pairs, with its bootstrap interval by the percentile method (Efron and Tibshirani, An
 * Introduction to the Bootstrap, 1993, chapter 13). @param random uniform in [0, 1), seeded where results have to repeat
 */
export function estimate(values: readonly number[], random: () => number): Estimate {
  const medians = Array.from({ length: RESAMPLES }, () =>
    medianOf(values.map(() => values[Math.floor(random() * values.length)] ?? Number.NaN)),
  ).toSorted((a, b) => a - b);
  return {
    median: medianOf(values),
    low: medians[Math.floor(RESAMPLES * 0.025)] ?? Number.NaN,
    high: medians[Math.ceil(RESAMPLES * 0.975) - 1] ?? Number.NaN,
  };
}

/**
 * Whether an effect keeps its goal: only where its whole interval does, and where the same measurement of two equal things
 * (`noise`, A/A) shows no more than the goal; beyond it, only where the whole interval is, and lies above that noise; likely
 * beyond it, where the noise is as large as the interval's lower end.
 */
export function verdictOn(effect: Estimate, goal: number, noise: Estimate): Verdict {
  const noiseAtMost = Math.max(Math.abs(noise.low), Math.abs(noise.high));
  if (effect.high <= goal && noiseAtMost <= goal) return "within";
  if (effect.low <= goal) return "unknown";
  return effect.low > noiseAtMost ? "beyond" : "likely beyond";
}

/** The middle value; the mean of the two in the middle of an even number. NaN of nothing. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Uniform numbers in [0, 1) that a seed decides: Marsaglia's xorshift of 32 bits (Journal of Statistical Software 8(14), 2003). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
