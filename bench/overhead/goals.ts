import type { WorkloadResult } from "../overhead.ts";
import type { Comparison } from "./compare.ts";
import { verdictOn, type Estimate, type Verdict } from "./statistics.ts";

/** One goal, what was measured of it, what two equal things differ by, and what can be said. */
export type Goal = {
  arm: string;
  says: string;
  unit: string;
  effect: Estimate;
  noise: Estimate;
  verdict: Verdict;
};

const SPANS = 21;
const P50_MS = 0.5;
const MICROS_PER_SPAN = 15;
const PERCENT = 1;

/**
 * What is aimed at: 0.5 ms more p50 for a run of 21 spans and 15 µs CPU a span, whatever the agents; and with agents that take
 * 40 ms at most 1 % on p50 and throughput. The first goal was set for a run of 21 spans: what a longer one costs is scaled.
 */
export function goalsOf({ comparisons, spansPerRun }: WorkloadResult): Goal[] {
  const [noise, ...arms] = comparisons;
  if (noise === undefined) return [];
  const perRun = SPANS / spansPerRun;
  const perSpan = 1000 / spansPerRun;
  const goals: { says: string; unit: string; goal: number; of: (one: Comparison) => Estimate }[] = [
    {
      says: `p50, scaled from ${spansPerRun.toFixed(0)} spans a run to ${SPANS}: at most +${P50_MS} ms`,
      unit: "ms",
      goal: P50_MS,
      of: ({ addedP50Ms }) => scaled(addedP50Ms, perRun),
    },
    {
      says: `at most ${MICROS_PER_SPAN} µs CPU a span`,
      unit: "µs",
      goal: MICROS_PER_SPAN,
      of: ({ addedCpuMsPerRun }) => scaled(addedCpuMsPerRun, perSpan),
    },
    { says: `p50 at most ${PERCENT} % more`, unit: "%", goal: PERCENT, of: ({ p50Percent }) => p50Percent },
    {
      says: `throughput at most ${PERCENT} % less`,
      unit: "%",
      goal: PERCENT,
      of: ({ throughputLossPercent }) => throughputLossPercent,
    },
  ];
  return arms.flatMap((one) =>
    goals.map(({ says, unit, goal, of }) => {
      const [effect, ofNoise] = [of(one), of(noise)];
      return { arm: one.name, says, unit, effect, noise: ofNoise, verdict: verdictOn(effect, goal, ofNoise) };
    }),
  );
}

/** An estimate for people: `+0.12 [-0.05, +0.30]`. */
export function estimateText({ median, low, high }: Estimate, digits: number): string {
  const signed = (value: number): string => `${value < 0 ? "" : "+"}${value.toFixed(digits)}`;
  return `${signed(median)} [${signed(low)}, ${signed(high)}]`;
}

function scaled({ median, low, high }: Estimate, by: number): Estimate {
  return { median: median * by, low: low * by, high: high * by };
}
