import type { Block } from "./blocks.ts";
import { estimate, medianOf, type Estimate } from "./statistics.ts";

/** Two blocks of the same round: without telemetry, and with what is compared to it. */
export type Pair = { base: Block; with: Block };

/** What one arm of the experiment adds to no telemetry; shares in percent of it. */
export type Comparison = {
  name: string;
  /** The medians of the blocks without telemetry, for scale. */
  base: Block;
  addedP50Ms: Estimate;
  p50Percent: Estimate;
  p99Percent: Estimate;
  /** How much less comes through in a second. */
  throughputLossPercent: Estimate;
  addedCpuMsPerRun: Estimate;
  cpuPercent: Estimate;
  /** More memory per process, at the end of the workload; one figure, not a distribution. */
  addedMiB: number;
};

/** Sums the pairs of an arm up. Each pair counts once: what lasts longer than a block falls on both of its sides. */
export function compared(options: {
  name: string;
  pairs: readonly Pair[];
  addedMiB: number;
  random: () => number;
}): Comparison {
  const { name, pairs, addedMiB, random } = options;
  const added = (key: keyof Block): Estimate =>
    estimate(
      pairs.map((pair) => pair.with[key] - pair.base[key]),
      random,
    );
  const percent = (key: keyof Block, sign = 1): Estimate =>
    estimate(
      pairs.map((pair) => (pair.with[key] / pair.base[key] - 1) * 100 * sign),
      random,
    );
  const base = (key: keyof Block): number => medianOf(pairs.map((pair) => pair.base[key]));
  return {
    name,
    base: {
      p50Ms: base("p50Ms"),
      p99Ms: base("p99Ms"),
      cpuMsPerRun: base("cpuMsPerRun"),
      runsPerSecond: base("runsPerSecond"),
    },
    addedP50Ms: added("p50Ms"),
    p50Percent: percent("p50Ms"),
    p99Percent: percent("p99Ms"),
    throughputLossPercent: percent("runsPerSecond", -1),
    addedCpuMsPerRun: added("cpuMsPerRun"),
    cpuPercent: percent("cpuMsPerRun"),
    addedMiB,
  };
}
