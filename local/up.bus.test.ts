import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { childEnvironment, PROJECT_ROOT } from "../shared/config.ts";
import { eventually } from "../test/support/eventually.ts";
import { survivors } from "./claim.ts";
import { isRunning, type ProcessRecord } from "./processes.ts";
import { readState } from "./state.ts";

const UP = fileURLToPath(new URL("../test/support/up-with-stubs.ts", import.meta.url));
const LAUNCHER = join(PROJECT_ROOT, "cli", "genesis.js");
let folder: string;
let dir: string;
let started: ChildProcess[];

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "genesis-up-")));
  dir = join(folder, ".genesis");
  started = [];
});
afterEach(async () => {
  for (const child of started) child.kill("SIGKILL");
  await eventually(() => survivors(dir).length === 0);
  rmSync(folder, { recursive: true });
});

function up(settings: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [UP, dir, "htdag", "halo"], {
    env: childEnvironment(settings),
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stderr.resume();
  started.push(child);
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout);
  return String((await once(child.stdout, "data"))[0]);
}

function cli(cwd: string, ...args: string[]): { status: number | null; stdout: string } {
  return spawnSync(process.execPath, [LAUNCHER, ...args], { cwd, encoding: "utf8" });
}

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  test(`up says in one line that it is ready, and ${signal} stops all of it`, async () => {
    const child = up();
    const line = await firstLine(child);
    const state = readState(dir);
    assert.ok(state);
    assert.deepEqual(JSON.parse(line), { ready: true, nats: state.nats.url, state: join(dir, "state.json") });
    assert.equal(state.up.pid, child.pid);
    const pids = [state.nats.pid, ...state.services.map((s) => s.pid)];
    child.kill(signal);
    assert.deepEqual(await once(child, "exit"), [0, null]);
    assert.ok(!existsSync(join(dir, "state.json")));
    for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  });
}

test("a signal stops up while it is still starting, too", async () => {
  const child = up();
  await eventually(() => survivors(dir).length > 1);
  child.kill("SIGINT");
  assert.deepEqual(await once(child, "exit"), [0, null]);
  assert.deepEqual(survivors(dir), []);
});

test("up goes on when nobody reads what it says", async () => {
  const child = up();
  await firstLine(child);
  child.stdout?.destroy();
  child.stderr?.destroy();
  const before = readState(dir);
  process.kill(before?.services[0]?.pid ?? 0, "SIGKILL");
  const restarted = () => readState(dir)?.services[0]?.pid !== before?.services[0]?.pid;
  await eventually(restarted);
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [0, null]);
});

test("what an up that was killed has started ends by itself", async () => {
  const child = up();
  await firstLine(child);
  assert.equal(survivors(dir).length, 4);
  child.kill("SIGKILL");
  await eventually(() => survivors(dir).length === 0);
  assert.equal(cli(folder, "down").stdout, "nothing is running\n");
  assert.ok(!existsSync(join(dir, "state.json")), "what is not true any more is taken away");
});

test("down stops the instance of a parent folder, and says when nothing runs", async () => {
  const inside = join(folder, "a", "b");
  mkdirSync(inside, { recursive: true });
  const child = up();
  await firstLine(child);
  const exited = once(child, "exit");
  const stopped = cli(inside, "down", "--json");
  assert.equal(stopped.status, 0);
  assert.deepEqual(JSON.parse(stopped.stdout), { stopped: true, dir });
  assert.deepEqual(await exited, [0, null]);
  const again = cli(inside, "down");
  assert.deepEqual([again.status, again.stdout], [0, "nothing is running\n"]);
});

/** Starts an instance, kills its up, and waits until only a service is left that does not mind. */
async function leftOver(): Promise<ProcessRecord> {
  const child = up({ STUBS: '{"htdag":["clinging"]}' });
  await firstLine(child);
  child.kill("SIGKILL");
  await eventually(() => survivors(dir).length === 1);
  const [left] = survivors(dir);
  assert.equal(left?.name, "htdag");
  return left;
}

test("down stops what an up that was killed has left", async () => {
  const left = await leftOver();
  assert.equal(cli(folder, "down").status, 0);
  assert.ok(!isRunning(left));
  assert.deepEqual(readdirSync(dir).toSorted(), ["jetstream", "logs", "nats.conf", "traces"]);
});

test("the next up stops it first", async () => {
  const left = await leftOver();
  await firstLine(up());
  assert.ok(!isRunning(left));
  assert.equal(readState(dir)?.services.length, 2);
});
