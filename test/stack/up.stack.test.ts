import assert from "node:assert/strict";
import { spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readClaim, survivors } from "../../local/claim.ts";
import { PREPARED_QUERIES, queryUrl } from "../../local/prepared-queries.ts";
import { isRunning, type ProcessRecord } from "../../local/processes.ts";
import { readState, type LocalState } from "../../local/state.ts";
import { PROJECT_ROOT } from "../../shared/config.ts";
import { eventually } from "../support/eventually.ts";
import { genesis, startGenesis } from "../support/genesis.ts";
import { spansIn } from "../support/trace-files.ts";

// `genesis up --observe` as a person starts it, with every service.
let dir: string;
let up: ChildProcess;
let stdout = "";
let stderr = "";

const READY_WITHIN_MS = 120_000;
const SETTLES_WITHIN_MS = 60_000;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), "genesis-observed-"));
  const child = startGenesis(["up", "--dir", dir, "--port", "0", "--observe", "--json"]);
  up = child;
  child.stdout.on("data", (text: Buffer) => (stdout += text));
  child.stderr.on("data", (text: Buffer) => (stderr += text));
  await eventually(() => stdout.includes("\n"), READY_WITHIN_MS);
});
after(async () => {
  up.kill("SIGKILL");
  await eventually(() => survivors(dir).length === 0, SETTLES_WITHIN_MS);
  rmSync(dir, { recursive: true });
});

const state = (): LocalState => readState(dir)!;
const observers = (): ProcessRecord[] =>
  readClaim(dir)!.children.filter(({ name }) => ["otelcol", "prometheus"].includes(name));

test("one line on standard output, and where to look on standard error", () => {
  const { nats, observe } = state();
  assert.deepEqual(JSON.parse(stdout), { ready: true, nats: nats.url, state: join(dir, "state.json") });
  assert.ok(observe);
  for (const address of [observe.collector, observe.prometheus, join(dir, "traces")])
    assert.ok(stderr.includes(address), address);
  for (const path of ["alerts", "rules"])
    assert.ok(stderr.includes(`: ${observe.prometheus}/api/v1/${path}\n`), path);
  for (const { asks, query } of PREPARED_QUERIES)
    assert.ok(stderr.includes(`${asks}: ${queryUrl(observe.prometheus, query)}\n`), asks);
});

test("a run's trace is read from what the Collector wrote", async () => {
  const task = await genesis(["submit", "--goal", "Launch a SaaS", "--dir", dir, "--wait", "--json"]);
  assert.equal(task.status, 0, task.stderr);
  const { run } = JSON.parse(task.stdout) as { run: string };
  const spans = await eventually(async () => {
    const { status, stdout: text } = await genesis(["trace", run, "--dir", dir, "--json"]);
    const found = status === 0 ? (JSON.parse(text) as { spans: { service: string }[] }).spans : [];
    return new Set(found.map(({ service }) => service)).size === 6 && found;
  }, SETTLES_WITHIN_MS);
  assert.ok(spans.length > 50);
});

test("the stack's page leads from an exemplar in Prometheus to the trace of a run", async () => {
  const page = readFileSync(join(PROJECT_ROOT, "docs", "stack.md"), "utf8");
  const [, commands = ""] = /^## From an exemplar to its trace\n[^]*?```sh\n([^`]+)```/m.exec(page) ?? [];
  const here = `"${process.execPath}" "${join(PROJECT_ROOT, "cli", "genesis.js")}"`;
  const script = commands
    .replaceAll("npx genesis", here)
    .replaceAll(".genesis/", `${dir}/`)
    .replaceAll(/(\.js" \w+)/g, `$1 --dir ${dir}`);
  const typed = (): string => spawnSync("bash", ["-euc", script], { encoding: "utf8" }).stdout;
  const said = await eventually(() => /invoke_workflow genesis/.test(typed()) && typed(), SETTLES_WITHIN_MS);
  assert.match(said, /^TRACE=[0-9a-f]{32} RUN=[0-9a-f]{32}\ntrace [0-9a-f]{32}\n/);
});

type SpanCounts = { created: number; exported: number; failed: number; dropped: number };

/** Spans of all services by what became of them. */
async function spanCounts(): Promise<SpanCounts> {
  const counts = { created: 0, exported: 0, failed: 0, dropped: 0 };
  for (const { http } of state().services) {
    const text = await (await fetch(`${http}/metrics`)).text();
    for (const [, kind, value] of text.matchAll(/^telemetry_spans_total\{.*state="(\w+)".*\} (\d+)/gm))
      counts[kind as keyof SpanCounts] += Number(value);
  }
  return counts;
}

/** The counts once nothing is on its way any more. @param more tells whether they are far enough */
function settledCounts(more: (counts: SpanCounts) => boolean): Promise<SpanCounts> {
  return eventually(async () => {
    const counts = await spanCounts();
    const { created, exported, failed, dropped } = counts;
    return created === exported + failed + dropped && more(counts) && counts;
  }, SETTLES_WITHIN_MS);
}

/** How many spans stand in the Collector's file, each counted once. */
const written = async (): Promise<number> =>
  new Set((await spansIn(dir)).map(({ traceId, spanId }) => `${traceId} ${spanId}`)).size;

const collector = (): ProcessRecord | undefined => observers().find(({ name }) => name === "otelcol");

/** Kills the Collector where it stands (`kill -9`), and waits for the next one. */
async function killCollector(): Promise<void> {
  const killed = collector()!;
  process.kill(killed.pid, "SIGKILL");
  await eventually(() => {
    const now = collector();
    return now !== undefined && now.pid !== killed.pid && isRunning(now);
  }, SETTLES_WITHIN_MS);
}

const submitted = async (): Promise<void> => {
  const { status, stderr: said } = await genesis([
    "submit",
    "--goal",
    "Launch a SaaS",
    "--dir",
    dir,
    "--wait",
  ]);
  assert.equal(status, 0, said);
};

test("a Collector that is killed while spans come in had written all that it had accepted", async () => {
  const earlier = await settledCounts(() => true);
  const load = { isOver: false };
  const oneAfterTheOther = (async () => {
    while (!load.isOver) await submitted();
  })();
  await eventually(async () => (await spanCounts()).exported > earlier.exported, SETTLES_WITHIN_MS);
  await killCollector();
  load.isOver = true;
  await oneAfterTheOther;
  const between = await spanCounts();
  await submitted();
  const later = await settledCounts(({ exported }) => exported > between.exported);
  // It writes before it answers: only what it had written and not yet answered is there and counted as lost.
  const there = await written();
  assert.ok(there >= later.exported, `${later.exported} exported, ${there} written`);
  assert.ok(there <= later.exported + later.failed, `${JSON.stringify(later)}, ${there} written`);
});

test("every span that no Collector took is counted, and no other", async () => {
  const earlier = await settledCounts(() => true);
  const known = await written();
  // It takes nothing any more, and nobody is told so: what is sent to it is given up.
  process.kill(collector()!.pid, "SIGSTOP");
  await submitted();
  await eventually(async () => (await spanCounts()).failed > earlier.failed, SETTLES_WITHIN_MS);
  await killCollector();
  await submitted();
  const later = await settledCounts(({ exported }) => exported > earlier.exported);
  assert.ok(later.failed > earlier.failed);
  assert.equal((await written()) - known, later.exported - earlier.exported);
});

test("down ends all of it, and what was stored stays", async () => {
  const running = [...observers()];
  assert.equal(running.length, 2);
  const exited = once(up, "exit");
  const { status, stderr: said } = await genesis(["down", "--dir", dir]);
  assert.equal(status, 0, said);
  assert.deepEqual(await exited, [0, null]);
  assert.deepEqual(running.filter(isRunning), []);
  assert.ok(readFileSync(join(dir, "traces", "collector.jsonl"), "utf8").length > 0);
});
