import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { LocalState } from "../local/state.ts";
import { childEnvironment, PROJECT_ROOT } from "../shared/config.ts";
import { eventually } from "./support/eventually.ts";
import { genesis } from "./support/genesis.ts";
import { shownCommands, withoutWhatDiffers } from "./support/incident-pages.ts";

// What docs/incidents has people type, against each incident as it is started: it comes to what the pages show.
const INCIDENTS = {
  "slow-agent": { runs: 8, lastsMs: 60_000 },
  "bad-routing-rule": { runs: 2, lastsMs: 60_000 },
  // Three deaths, and the broker waits 30 s after each.
  "poison-message": { runs: 2, lastsMs: 180_000 },
};
const START = join(PROJECT_ROOT, "examples", "incidents", "start.ts");
const READY_WITHIN_MS = 120_000;
const POLL_MS = 1000;

for (const [incident, { runs, lastsMs }] of Object.entries(INCIDENTS)) {
  test(`${incident} can be found out as its page says`, async (t) => {
    const cwd = mkdtempSync(join(tmpdir(), "genesis-incident-"));
    const started = spawn(process.execPath, [START, incident], {
      cwd,
      env: childEnvironment({}),
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => end(started, cwd));
    const replies = await accepted(started, runs);
    await allEnded(cwd, runs, lastsMs);
    const { run = "", traceId = "" } = replies.at(-1)!;
    const env = childEnvironment({ NO_COLOR: "1", RUN: run, TRACE: traceId, ...placesIn(cwd) });
    const shown = shownCommands(incident);
    assert.ok(shown.length >= 5);
    for (const { command, lines } of shown) {
      const typed = command.replaceAll(
        "npx genesis",
        `"${process.execPath}" "${PROJECT_ROOT}/cli/genesis.js"`,
      );
      const { status, stdout, stderr } = spawnSync("bash", ["-euc", typed], { cwd, env, encoding: "utf8" });
      assert.equal(status, 0, `${command}: ${stderr}`);
      const came = new Set(stdout.split("\n").map(withoutWhatDiffers));
      const missing = lines.map(withoutWhatDiffers).filter((line) => !came.has(line));
      assert.deepEqual(missing, [], `${command}\n${stdout}`);
    }
  });
}

/** What the tasks were answered with, once all are handed in. */
async function accepted(started: ChildProcess, runs: number): Promise<Record<string, string>[]> {
  let said = "";
  started.stdout!.on("data", (text: Buffer) => (said += text));
  await eventually(() => said.includes("ready;"), READY_WITHIN_MS);
  const replies = said.split("\n").filter((line) => line.startsWith("{"));
  assert.equal(replies.length, runs);
  return replies.map((line) => JSON.parse(line) as Record<string, string>);
}

async function allEnded(cwd: string, runs: number, withinMs: number): Promise<void> {
  const until = performance.now() + withinMs;
  let ended = 0;
  while (ended < runs) {
    assert.ok(performance.now() < until, `${ended} runs have ended`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const { stdout } = await genesis(["runs", "--dir", ".incident"], { cwd });
    ended = stdout.match(/ (completed|failed|rejected) /g)?.length ?? 0;
  }
}

function placesIn(cwd: string): Record<string, string> {
  const state = JSON.parse(readFileSync(join(cwd, ".incident", "state.json"), "utf8")) as LocalState;
  return {
    NEWSROOM: state.services.find(({ name }) => name === "newsroom")!.http,
    NEWSROOM_CATALOG: join(PROJECT_ROOT, "examples", "incidents", "newsroom"),
  };
}

async function end(started: ChildProcess, cwd: string): Promise<void> {
  const exited = once(started, "exit");
  started.kill("SIGTERM");
  assert.deepEqual(await exited, [0, null]);
  rmSync(cwd, { recursive: true });
}

test("an incident that there is not is refused, and so is a folder from before", () => {
  const cwd = mkdtempSync(join(tmpdir(), "genesis-incident-"));
  const start = (...args: string[]) =>
    spawnSync(process.execPath, [START, ...args], { cwd, encoding: "utf8", env: childEnvironment({}) });
  const odd = start("rain");
  assert.deepEqual(
    [
      odd.status,
      odd.stderr.startsWith("usage: node cli/genesis.js --node examples/incidents/start.ts slow-agent|"),
    ],
    [2, true],
  );
  spawnSync("mkdir", [join(cwd, ".incident")]);
  const again = start("slow-agent");
  assert.deepEqual(
    [again.status, again.stderr],
    [1, ".incident is there from before; stop what runs in it and delete it\n"],
  );
  rmSync(cwd, { recursive: true });
});
