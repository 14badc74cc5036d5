import { setTimeout as sleep } from "node:timers/promises";
import { fullSpeed, percentiles, type FullSpeed } from "../measure.ts";
import type { Subject } from "./subject.ts";

/** What one block of one subject came to. Times in milliseconds. */
export type Block = { p50Ms: number; p99Ms: number; cpuMsPerRun: number; runsPerSecond: number };

/** The work of a block. `rate` in runs a second, for the part at a steady pace; `inFlight` for the part at full speed. */
export type Load = FullSpeed & { rate: number };

/**
 * One block: first at a steady pace, for latency and CPU, then as fast as it goes, for throughput. At the steady pace a run
 * counts from when it was due, not from when it was sent, so that a stall is seen by all whom it keeps waiting.
 */
export async function runBlock(subject: Subject, load: Load): Promise<Block> {
  const cpuBefore = subject.cpuMs();
  const timesMs = await steadyPace(subject, load);
  const cpuMsPerRun = (subject.cpuMs() - cpuBefore) / timesMs.length;
  const { p50, p99 } = percentiles(timesMs);
  return { p50Ms: p50, p99Ms: p99, cpuMsPerRun, runsPerSecond: await runsPerSecond(subject, load) };
}

/** Milliseconds of each run, from when it was due until its run.finished was read. */
async function steadyPace({ watch }: Subject, { taskType, rate, seconds }: Load): Promise<number[]> {
  const startedMs = performance.now();
  const count = Math.max(1, Math.round(rate * seconds));
  const one = async (_: unknown, index: number): Promise<number> => {
    const dueMs = startedMs + (index * 1000) / rate;
    await sleep(Math.max(0, dueMs - performance.now()));
    const { finishedMs = Number.NaN } = await watch.run(taskType);
    return finishedMs - dueMs;
  };
  return Promise.all(Array.from({ length: count }, one));
}

/** Runs a second with a fixed number in flight. */
export async function runsPerSecond({ watch }: Subject, load: FullSpeed): Promise<number> {
  const { all, tookS } = await fullSpeed(watch, load);
  return all.length / tookS;
}
