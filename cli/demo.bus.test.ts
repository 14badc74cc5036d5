import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { childEnvironment, PROJECT_ROOT } from "../shared/config.ts";
import { eventually } from "../test/support/eventually.ts";
import { genesis, startGenesis } from "../test/support/genesis.ts";
import { notRun } from "../test/support/not-run.ts";
import { hasProgram } from "../test/support/programs.ts";

const START_WITHIN_MS = 90_000;

/** A folder for a demo; what still runs in it when the test ends is stopped. */
function makeDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "genesis-demo-"));
  t.after(async () => {
    await genesis(["down", "--dir", dir]);
    rmSync(dir, { recursive: true });
  });
  return dir;
}

function collect(stream: ChildProcess["stdout"]): () => string {
  let text = "";
  stream!.setEncoding("utf8").on("data", (more: string) => (text += more));
  return () => text;
}

const claimOf = (dir: string): string => join(dir, "processes.json");

test("the demo that is interrupted on a terminal stops everything it has started", async (t) => {
  if (!hasProgram("script")) return notRun(t, "`script`, which makes a terminal, is not installed");
  const dir = makeDir(t);
  const launcher = join(PROJECT_ROOT, "cli", "genesis.js");
  const command = `stty rows 40 columns 120; exec ${process.execPath} ${launcher} demo --dir ${dir}`;
  const terminal = spawn("script", ["-qec", command, "/dev/null"], {
    env: childEnvironment({ TERM: "xterm" }),
  });
  const written = collect(terminal.stdout);
  // The tree of the first run is being drawn.
  await eventually(() => written().includes("Audit this repository"), START_WITHIN_MS);
  assert.ok(existsSync(claimOf(dir)));
  terminal.stdin.write("\u0003");
  const [status] = await once(terminal, "exit");
  assert.equal(status, 1);
  assert.match(written(), /genesis: interrupted/);
  assert.equal(existsSync(claimOf(dir)), false, "the claim is given back when all has stopped");
});

test("the demo whose reader has seen enough stops everything as well", async (t) => {
  const dir = makeDir(t);
  const demo = startGenesis(["demo", "--dir", dir, "--json"]);
  await once(demo.stdout, "data");
  demo.stdout.destroy();
  assert.deepEqual(await once(demo, "exit"), [0, null]);
  assert.equal(existsSync(claimOf(dir)), false);
});

test("the demo that is interrupted while it starts says so, and leaves nothing running", async (t) => {
  const dir = makeDir(t);
  const demo = startGenesis(["demo", "--dir", dir]);
  const said = collect(demo.stderr);
  await eventually(() => said().includes("nats-server ready"), START_WITHIN_MS);
  demo.kill("SIGTERM");
  assert.deepEqual(await once(demo, "exit"), [1, null]);
  assert.match(said(), /^genesis: interrupted$/m);
  assert.equal(existsSync(claimOf(dir)), false);
});
