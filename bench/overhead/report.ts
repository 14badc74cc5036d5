import Table from "cli-table3";
import type { OverheadResult, WorkloadResult } from "../overhead.ts";
import type { Comparison } from "./compare.ts";
import { verdictOn, type Estimate } from "./statistics.ts";

/** The goals: added p50 and CPU of a run of about 21 spans with empty agents, shares with agents of 40 ms. */
const GOALS = { p50Ms: 0.5, spans: 21, cpuMicrosPerSpan: 15, percent: 1 };

/** A result as tables for people: every figure with its 95 % interval, and what can be said of the goals. */
export function overheadLines({
  node,
  cpus,
  loadBefore,
  rounds,
  seconds,
  workloads,
}: OverheadResult): string[] {
  return [
    `Node ${node}, ${cpus}, load average ${loadBefore.toFixed(1)} before it began; ${rounds} rounds of blocks of ${seconds} s at a steady`,
    `pace and ${seconds} s at full speed. Median of the paired differences [95 % bootstrap interval].`,
    ...workloads.flatMap((workload) => ["", ...workloadLines(workload)]),
  ];
}

function workloadLines({ name, ratePerSecond, spansPerRun, comparisons }: WorkloadResult): string[] {
  const [noise] = comparisons;
  if (noise === undefined) return [];
  const { base } = noise;
  const table = new Table({
    head: [
      "against no telemetry",
      "p50, ms",
      "p50, %",
      "p99, %",
      "throughput lost, %",
      "CPU a run, ms",
      "MiB a process",
    ],
    style: { head: [], border: [] },
  });
  for (const one of comparisons) {
    const { addedP50Ms, p50Percent, p99Percent, throughputLossPercent, addedCpuMsPerRun } = one;
    const figures = [p50Percent, p99Percent, throughputLossPercent].map((of) => shown(of, 1));
    table.push([
      one.name,
      shown(addedP50Ms, 2),
      ...figures,
      shown(addedCpuMsPerRun, 2),
      one.addedMiB.toFixed(0),
    ]);
  }
  return [
    `${name}: ${spansPerRun.toFixed(1)} spans a run; without telemetry p50 ${base.p50Ms.toFixed(1)} ms, p99 ${base.p99Ms.toFixed(1)} ms and ` +
      `${base.cpuMsPerRun.toFixed(1)} ms CPU a run at ${ratePerSecond.toFixed(0)} runs/s, ${base.runsPerSecond.toFixed(0)} runs/s at most`,
    table.toString(),
    ...comparisons.slice(1).flatMap((one) => goalLines({ one, noise, spansPerRun })),
  ];
}

/** What can be said of each goal; the noise is the same figure of the A/A pairs. */
function goalLines(of: { one: Comparison; noise: Comparison; spansPerRun: number }): string[] {
  const { one, noise, spansPerRun } = of;
  const perRun = (estimate: Estimate): Estimate => scaled(estimate, GOALS.spans / spansPerRun);
  const perSpan = (estimate: Estimate): Estimate => scaled(estimate, 1000 / spansPerRun);
  const goals = [
    {
      says: `p50 of a run of ${GOALS.spans} spans at most +${GOALS.p50Ms} ms`,
      unit: "ms",
      effect: perRun(one.addedP50Ms),
      noise: perRun(noise.addedP50Ms),
      goal: GOALS.p50Ms,
    },
    {
      says: `at most ${GOALS.cpuMicrosPerSpan} µs CPU a span`,
      unit: "µs",
      effect: perSpan(one.addedCpuMsPerRun),
      noise: perSpan(noise.addedCpuMsPerRun),
      goal: GOALS.cpuMicrosPerSpan,
    },
    ...(["p50Percent", "throughputLossPercent"] as const).map((key) => ({
      says: `${key === "p50Percent" ? "p50" : "throughput"} at most ${GOALS.percent} % worse`,
      unit: "%",
      effect: one[key],
      noise: noise[key],
      goal: GOALS.percent,
    })),
  ];
  return goals.map(
    ({ says, unit, effect, noise: aa, goal }) =>
      `  ${verdictOn(effect, goal, aa).padEnd(8)} ${one.name}: ${says}: ${shown(effect, 2)} ${unit} (A/A ${shown(aa, 2)})`,
  );
}

function scaled({ median, low, high }: Estimate, by: number): Estimate {
  return { median: median * by, low: low * by, high: high * by };
}

function shown({ median, low, high }: Estimate, digits: number): string {
  const signed = (value: number): string => `${value < 0 ? "" : "+"}${value.toFixed(digits)}`;
  return `${signed(median)} [${signed(low)}, ${signed(high)}]`;
}
