import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readClaim, survivors } from "../../local/claim.ts";
import { PREPARED_QUERIES, queryUrl } from "../../local/prepared-queries.ts";
import { isRunning, type ProcessRecord } from "../../local/processes.ts";
import { readState, type LocalState } from "../../local/state.ts";
import { eventually } from "../support/eventually.ts";
import { genesis, startGenesis } from "../support/genesis.ts";

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
  for (const { asks, query } of PREPARED_QUERIES)
    assert.ok(stderr.includes(`${asks}: ${queryUrl(observe.prometheus, query)}\n`), asks);
});

test("a run's trace is read from what the Collector wrote", async () => {
  const submitted = await genesis(["submit", "--goal", "Launch a SaaS", "--dir", dir, "--wait", "--json"]);
  assert.equal(submitted.status, 0, submitted.stderr);
  const { run } = JSON.parse(submitted.stdout) as { run: string };
  const spans = await eventually(async () => {
    const { status, stdout: text } = await genesis(["trace", run, "--dir", dir, "--json"]);
    const found = status === 0 ? (JSON.parse(text) as { spans: { service: string }[] }).spans : [];
    return new Set(found.map(({ service }) => service)).size === 6 && found;
  }, SETTLES_WITHIN_MS);
  assert.ok(spans.length > 50);
});

/** Spans of all services by what became of them. */
async function spanCounts(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { http } of state().services) {
    const text = await (await fetch(`${http}/metrics`)).text();
    for (const [, kind = "", value] of text.matchAll(/^telemetry_spans_total\{.*state="(\w+)".*\} (\d+)/gm))
      counts[kind] = (counts[kind] ?? 0) + Number(value);
  }
  return counts;
}

test("a Collector that is killed comes back, and every span that was lost meanwhile is counted", async () => {
  const killed = observers().find(({ name }) => name === "otelcol")!;
  process.kill(killed.pid, "SIGKILL");
  const submitted = await genesis(["submit", "--goal", "Launch a SaaS", "--dir", dir, "--wait"]);
  assert.equal(submitted.status, 0, "work goes on without it");
  await eventually(() => {
    const now = observers().find(({ name }) => name === "otelcol");
    return now !== undefined && now.pid !== killed.pid && isRunning(now);
  }, SETTLES_WITHIN_MS);
  const counts = await eventually(async () => {
    const { created = 0, exported = 0, failed = 0, dropped = 0 } = await spanCounts();
    return created > 0 && created === exported + failed + dropped && { created, exported };
  }, SETTLES_WITHIN_MS);
  assert.ok(counts.exported > counts.created / 2);
  await genesis(["submit", "--goal", "Launch a SaaS", "--dir", dir, "--wait"]);
  await eventually(async () => ((await spanCounts())["exported"] ?? 0) > counts.exported, SETTLES_WITHIN_MS);
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
