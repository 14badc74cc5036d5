import { readFileSync } from "node:fs";
import type { Local } from "../../local/start.ts";
import { startBenchInstance } from "../instance.ts";
import type { Watch } from "../watch.ts";

/** A whole instance whose telemetry is set in one way, to be measured. */
export type Subject = {
  watch: Watch;
  /** CPU time that all its services have used since they started, in milliseconds; NaN where there is no /proc. */
  cpuMs: () => number;
  /** Memory that its services hold, in MiB, in the mean; NaN where there is no /proc. */
  memoryMiB: () => number;
  /** Spans that its services have made since they started. */
  spans: () => Promise<number>;
  stop: () => Promise<void>;
};

/** Linux counts CPU time in hundredths of a second (USER_HZ, proc(5)). */
const TICK_MS = 10;

/** Starts an instance in a folder of its own. Metrics are counted in any case: only spans and log lines can be turned off. */
export async function startSubject(dir: string, settings: Record<string, string>): Promise<Subject> {
  const { local, watch, stop } = await startBenchInstance(dir, "durable", settings);
  return {
    watch,
    cpuMs: () => sumOf(pidsOf(local).map(cpuMsOf)),
    memoryMiB: () => sumOf(pidsOf(local).map(memoryMiBOf)) / pidsOf(local).length,
    spans: async () => sumOf(await Promise.all(local.state().services.map(({ http }) => spansCreated(http)))),
    stop,
  };
}

function pidsOf(local: Local): number[] {
  return local.state().services.map(({ pid }) => pid);
}

/** @see proc(5): utime and stime are the 14th and 15th field; the second, the name, may hold blanks. */
function cpuMsOf(pid: number): number {
  const fields = procFile(pid, "stat").split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

function memoryMiBOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(procFile(pid, "status"))?.[1]) / 1024;
}

function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}

async function spansCreated(http: string): Promise<number> {
  const text = await (await fetch(`${http}/metrics`)).text();
  const lines = text.matchAll(/^telemetry_spans_total\{[^}]*state="created"[^}]*\} (\S+)/gm);
  return sumOf(Array.from(lines, ([, value]) => Number(value)));
}

function sumOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
