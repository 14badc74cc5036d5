import Table from "cli-table3";
import type { OverheadResult, WorkloadResult } from "../overhead.ts";
import { estimateText, goalsOf } from "./goals.ts";

/** A result as tables for people: every figure with its 95 % interval, and what can be said of the goals. */
export function overheadLines(result: OverheadResult): string[] {
  return [
    ...conditionsText(result),
    ...result.workloads.flatMap((workload) => ["", ...workloadLines(workload)]),
  ];
}

/** On what it was measured, and how the figures are to be read. */
export function conditionsText({ node, cpus, loadBefore, rounds, seconds }: OverheadResult): string[] {
  return [
    `Node ${node}, ${cpus}, load average ${loadBefore.toFixed(1)} before its instances were started; ${rounds} rounds of blocks of ${seconds} s at a steady`,
    `pace and ${seconds} s at full speed. Median of the paired differences [95 % bootstrap interval].`,
  ];
}

/** What a workload is without telemetry, for scale. */
export function baseText({ spansPerRun, ratePerSecond, comparisons }: WorkloadResult): string {
  const { p50Ms, p99Ms, cpuMsPerRun, runsPerSecond } = comparisons[0]!.base;
  return (
    `${spansPerRun.toFixed(1)} spans a run; without telemetry p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms and ` +
    `${cpuMsPerRun.toFixed(1)} ms CPU a run at ${ratePerSecond.toFixed(0)} runs/s, ${runsPerSecond.toFixed(0)} runs/s at most`
  );
}

/** The head of the table of a workload's figures. */
export const FIGURES = [
  "against no telemetry",
  "p50, ms",
  "p50, %",
  "p99, %",
  "throughput lost, %",
  "CPU a run, ms",
  "MiB a process",
];

/** A workload's figures, a row for each way of telemetry. */
export function figureRows({ comparisons }: WorkloadResult): string[][] {
  return comparisons.map((one) => [
    one.name,
    estimateText(one.addedP50Ms, 2),
    estimateText(one.p50Percent, 1),
    estimateText(one.p99Percent, 1),
    estimateText(one.throughputLossPercent, 1),
    estimateText(one.addedCpuMsPerRun, 2),
    one.addedMiB.toFixed(0),
  ]);
}

function workloadLines(workload: WorkloadResult): string[] {
  const table = new Table({ head: FIGURES, style: { head: [], border: [] } });
  table.push(...figureRows(workload));
  const goals = goalsOf(workload).map(
    ({ verdict, arm, says, effect, noise, unit }) =>
      `  ${verdict.padEnd(13)} ${arm}: ${says}: ${estimateText(effect, 2)} ${unit} (A/A ${estimateText(noise, 2)})`,
  );
  return [`${workload.name}: ${baseText(workload)}`, table.toString(), ...goals];
}
