import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startBenchInstance } from "./instance.ts";
import { idleLatency, rawRate, throughput, type Latency, type Throughput } from "./measure.ts";
import { reportLines } from "./report.ts";

/**
 * How fast the whole pipeline is, next to what its broker can do alone: every service as its own process, telemetry on, a
 * broker of its own in a temporary folder. Two shapes: five no-op steps in a row, and ten side by side with a join.
 *
 *   npm run bench [-- --json] [-- --profile fast] [-- --seconds 10]
 */
export type Result = {
  node: string;
  cpus: number;
  profile: string;
  rawPerSecond: number;
  shapes: { name: string; taskType: string; latency: Latency; load: Throughput; shareOfRaw: number }[];
};

const SHAPES = [
  { name: "chain of 5", taskType: "bench_chain" },
  { name: "fan-out of 10 + join", taskType: "bench_fan" },
];
const WARM_UP_RUNS = 30;
const IDLE_RUNS = 200;
const IN_FLIGHT = 32;
const RAW_SECONDS = 4;

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    profile: { type: "string", default: "durable" },
    seconds: { type: "string", default: "10" },
  },
});
const profile = values.profile === "fast" ? "fast" : "durable";
const dir = mkdtempSync(join(tmpdir(), "genesis-bench-"));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const { bus, watch, stop } = await startBenchInstance(dir, profile);
try {
  say("warming up");
  for (const { taskType } of SHAPES)
    await throughput(bus, watch, { taskType, inFlight: IN_FLIGHT, seconds: 3 });
  for (const { taskType } of SHAPES) await idleLatency(watch, taskType, WARM_UP_RUNS);
  say(`the broker alone, ${RAW_SECONDS} s`);
  const rawPerSecond = await rawRate(bus, RAW_SECONDS);
  const shapes: Result["shapes"] = [];
  for (const { name, taskType } of SHAPES) {
    say(`${name}: ${IDLE_RUNS} runs, one at a time`);
    const latency = await idleLatency(watch, taskType, IDLE_RUNS);
    say(`${name}: ${values.seconds} s with ${IN_FLIGHT} in flight`);
    const load = await throughput(bus, watch, {
      taskType,
      inFlight: IN_FLIGHT,
      seconds: Number(values.seconds),
    });
    shapes.push({ name, taskType, latency, load, shareOfRaw: load.eventsPerSecond / rawPerSecond });
  }
  const result: Result = { node: process.version, cpus: cpus().length, profile, rawPerSecond, shapes };
  console.log(values.json ? JSON.stringify(result) : reportLines(result).join("\n"));
} finally {
  await stop();
  rmSync(dir, { recursive: true, force: true });
}
