import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runBlock, runsPerSecond, type Block, type Load } from "./overhead/blocks.ts";
import { startCollector } from "./overhead/collector.ts";
import { compared, type Comparison } from "./overhead/compare.ts";
import { overheadLines } from "./overhead/report.ts";
import { seededRandom } from "./overhead/statistics.ts";
import { startSubject, type Subject } from "./overhead/subject.ts";

/**
 * What telemetry costs. Four whole instances stand side by side and are measured in turns, in rounds of one block each, in an
 * order that chance decides. Within a round the first is paired with each of the others: off with off (A/A, what the machine's
 * own noise looks like), off with on, off with on while the Collector hangs. Off: no spans, no log lines. On: every run traced over OTLP/gRPC to a stand-in for a Collector in a process of its
 * own, log lines at `info`. Metrics are counted in all of them, they cannot be turned off.
 *
 *   npm run bench:overhead [-- --json] [-- --rounds 12] [-- --seconds 4]
 */
export type OverheadResult = {
  node: string;
  cpus: string;
  /** The load average of the minute before the instances were started. */
  loadBefore: number;
  rounds: number;
  seconds: number;
  workloads: WorkloadResult[];
};

export type WorkloadResult = {
  name: string;
  ratePerSecond: number;
  spansPerRun: number;
  comparisons: Comparison[];
};

const WORKLOADS = [
  { name: "empty agents, one step: the worst case", taskType: "bench_one" },
  { name: "agents that take 40 ms, one step", taskType: "bench_wait" },
];
/** What is compared with the first instance, in the order of the others. */
const ARMS = ["off, twice (A/A)", "on", "on, the Collector hangs"];
const OFF = { OTEL_SDK_DISABLED: "true", GENESIS_LOG_LEVEL: "fatal" };
const IN_FLIGHT = 32;
const WARM_UP_SECONDS = 6;
const SEED = 20;

const USAGE = `usage: npm run bench:overhead [-- --json] [-- --rounds N] [-- --seconds S]
A round takes about 16 times S seconds, for two workloads on four instances.`;
const { values } = parseArgs({
  options: {
    help: { type: "boolean", short: "h", default: false },
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "12" },
    seconds: { type: "string", default: "4" },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
if (values.help) {
  console.log(USAGE);
  process.exit();
}
if (!(Number.isInteger(rounds) && rounds > 0 && seconds > 0)) {
  console.error(USAGE);
  process.exit(2);
}
const random = seededRandom(SEED);
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const dir = mkdtempSync(join(tmpdir(), "genesis-overhead-"));
const loadBefore = loadavg()[0] ?? Number.NaN;
const collectors = await Promise.all([startCollector("answers"), startCollector("hangs")]);
const [answering, hanging] = collectors.map(({ url }) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  GENESIS_TRACES_FILE: "",
}));
const subjects: Subject[] = [];
try {
  for (const [name, settings] of Object.entries({ off: OFF, off2: OFF, answering, hanging })) {
    say(`starting the instance "${name}"`);
    subjects.push(await startSubject(join(dir, name), { ...settings }));
  }
  const workloads: WorkloadResult[] = [];
  for (const workload of WORKLOADS) workloads.push(await measure(workload));
  const machine = { node: process.version, cpus: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}` };
  const result: OverheadResult = { ...machine, loadBefore, rounds, seconds, workloads };
  console.log(values.json ? JSON.stringify(result) : overheadLines(result).join("\n"));
} finally {
  for (const subject of subjects) await subject.stop();
  for (const collector of collectors) collector.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function measure({ name, taskType }: (typeof WORKLOADS)[number]): Promise<WorkloadResult> {
  const [off, , on] = subjects as [Subject, Subject, Subject, Subject];
  say(`${name}: warming up`);
  const warmUp = { taskType, inFlight: IN_FLIGHT, seconds: WARM_UP_SECONDS };
  const rates: number[] = [];
  for (const subject of subjects) rates.push(await runsPerSecond(subject, warmUp));
  // Half of what the slowest can do.
  const ratePerSecond = Math.min(...rates) / 2;
  const load: Load = { taskType, seconds, rate: ratePerSecond, inFlight: IN_FLIGHT };
  const spansPerRun = await countSpans(on, load);

  const blocks = subjects.map((): Block[] => []);
  for (let round = 0; round < rounds; round++) {
    // A new order each time, so that whatever drifts, or follows a busy neighbour, falls on all alike.
    for (const index of shuffled([0, 1, 2, 3])) {
      blocks[index]?.push(await runBlock(subjects[index] ?? off, load));
    }
    say(`${name}: round ${round + 1} of ${rounds}, p50 ${blocks.map(lastP50).join(", ")} ms`);
  }
  const [base = [], ...others] = blocks;
  const comparisons = ARMS.map((arm, i) => {
    const pairs = base.map((block, round) => ({ base: block, with: others[i]?.[round] ?? block }));
    const addedMiB = (subjects[i + 1]?.memoryMiB() ?? Number.NaN) - off.memoryMiB();
    return compared({ name: arm, pairs, addedMiB, random });
  });
  return { name, ratePerSecond, spansPerRun, comparisons };
}

/** How many spans one run has, by what the services themselves count. */
async function countSpans({ watch, spans }: Subject, { taskType }: Load): Promise<number> {
  const RUNS = 20;
  const before = await spans();
  for (let i = 0; i < RUNS; i++) await watch.run(taskType);
  return Math.round((await spans()) - before) / RUNS;
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

function lastP50(blocks: readonly Block[]): string {
  return (blocks.at(-1)?.p50Ms ?? Number.NaN).toFixed(2);
}
