import { randomBytes } from "node:crypto";
import type { Bus } from "../shared/bus/connect.ts";
import type { Times, Watch } from "./watch.ts";

/** Percentiles of durations, in milliseconds. */
export type Percentiles = { p50: number; p95: number; p99: number };

export type Latency = { runs: number; toFirstDispatch: Percentiles; toFinished: Percentiles };
export type Throughput = {
  seconds: number;
  inFlight: number;
  runsPerSecond: number;
  eventsPerSecond: number;
  toFinished: Percentiles;
};

const RAW_IN_FLIGHT = 64;
const RAW_BYTES = 1024;

/**
 * What the broker alone can do on the very stream, with all its consumers in place: one publisher, 64 messages in flight,
 * 1 KiB, each expected to be the first on its subject, as facts are. On subjects that no consumer reads. Messages a second.
 */
export async function rawRate(bus: Bus, seconds: number): Promise<number> {
  const body = new Uint8Array(RAW_BYTES).fill(120);
  const run = randomBytes(16).toString("hex");
  const endMs = performance.now() + seconds * 1000;
  const startedMs = performance.now();
  let stored = 0;
  const publish = async (worker: number): Promise<void> => {
    for (let n = 0; performance.now() < endMs; n++) {
      await bus.js.publish(bus.subjects.fact("step.skipped", run, `${worker}-${n}`), body, {
        expect: { lastSubjectSequence: 0 },
      });
      stored++;
    }
  };
  await Promise.all(Array.from({ length: RAW_IN_FLIGHT }, (_, worker) => publish(worker)));
  return (stored * 1000) / (performance.now() - startedMs);
}

/** One run after the other on an idle system. */
export async function idleLatency(watch: Watch, taskType: string, runs: number): Promise<Latency> {
  const all: Times[] = [];
  for (let i = 0; i < runs; i++) all.push(await watch.run(taskType));
  return {
    runs,
    toFirstDispatch: percentiles(all.map(untilDispatched)),
    toFinished: percentiles(all.map(untilFinished)),
  };
}

/** What is run at full speed: always so many runs in flight, for so long. */
export type FullSpeed = { taskType: string; inFlight: number; seconds: number };

/** As many runs as come through in a time, with the time that it took until the last of them had ended. */
export async function fullSpeed(
  watch: Watch,
  { taskType, inFlight, seconds }: FullSpeed,
): Promise<{ all: Times[]; tookS: number }> {
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1000;
  const all: Times[] = [];
  const client = async (): Promise<void> => {
    while (performance.now() < endMs) all.push(await watch.run(taskType));
  };
  await Promise.all(Array.from({ length: inFlight }, client));
  return { all, tookS: (performance.now() - startedMs) / 1000 };
}

/** What comes through at full speed: runs, facts, and how long the runs take meanwhile. */
export async function throughput(bus: Bus, watch: Watch, load: FullSpeed): Promise<Throughput> {
  const before = await bus.log.info();
  const { all, tookS } = await fullSpeed(watch, load);
  const after = await bus.log.info();
  return {
    seconds: tookS,
    inFlight: load.inFlight,
    runsPerSecond: all.length / tookS,
    eventsPerSecond: (after.lastSeq - before.lastSeq) / tookS,
    toFinished: percentiles(all.map(untilFinished)),
  };
}

function untilDispatched({ submittedMs, dispatchedMs = Number.NaN }: Times): number {
  return dispatchedMs - submittedMs;
}

function untilFinished({ submittedMs, finishedMs = Number.NaN }: Times): number {
  return finishedMs - submittedMs;
}

/** Percentiles by the nearest rank. */
export function percentiles(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
