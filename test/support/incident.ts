import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readState, type LocalState } from "../../local/state.ts";
import { childEnvironment, PROJECT_ROOT } from "../../shared/config.ts";
import { eventually } from "./eventually.ts";
import { genesis } from "./genesis.ts";
import { shownCommands, withoutWhatDiffers } from "./incident-pages.ts";

/** An incident of docs/incidents that is going on. `run` and `traceId` are those of the last task. */
export type StartedIncident = {
  cwd: string;
  run: string;
  traceId: string;
  state: LocalState;
  stop: () => Promise<void>;
};

/** The program that starts incidents. */
export const INCIDENT_PROGRAM = join(PROJECT_ROOT, "examples", "incidents", "start.ts");

const READY_WITHIN_MS = 120_000;
const POLL_MS = 1000;

/**
 * Starts one as its page says, and comes back when all its runs have ended.
 * @throws AssertionError when it is not `runs` runs, or they take longer than `lastsMs`
 */
export async function startIncident(
  args: readonly string[],
  { runs, lastsMs }: { runs: number; lastsMs: number },
): Promise<StartedIncident> {
  const cwd = mkdtempSync(join(tmpdir(), "genesis-incident-"));
  const started = spawn(process.execPath, [INCIDENT_PROGRAM, ...args], {
    cwd,
    env: childEnvironment({}),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const stop = (): Promise<void> => end(started, cwd);
  try {
    const replies = await accepted(started, runs);
    await allEnded(cwd, runs, lastsMs);
    const { run = "", traceId = "" } = replies.at(-1)!;
    return { cwd, run, traceId, state: readState(join(cwd, ".incident"))!, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Types what the page says, and asserts that all that it shows comes. */
export function followPage(page: string, { cwd, run, traceId, state }: StartedIncident): void {
  const env = childEnvironment({
    NO_COLOR: "1",
    RUN: run,
    TRACE: traceId,
    NEWSROOM: state.services.find(({ name }) => name === "newsroom")!.http,
    NEWSROOM_CATALOG: join(PROJECT_ROOT, "examples", "incidents", "newsroom"),
  });
  const shown = shownCommands(page);
  assert.ok(shown.length >= 5);
  for (const { command, lines } of shown) {
    const typed = command.replaceAll("npx genesis", `"${process.execPath}" "${PROJECT_ROOT}/cli/genesis.js"`);
    const { status, stdout, stderr } = spawnSync("bash", ["-euc", typed], { cwd, env, encoding: "utf8" });
    assert.equal(status, 0, `${command}: ${stderr}`);
    const came = new Set(stdout.split("\n").map(withoutWhatDiffers));
    const missing = lines.map(withoutWhatDiffers).filter((line) => !came.has(line));
    assert.deepEqual(missing, [], `${command}\n${stdout}`);
  }
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

async function end(started: ChildProcess, cwd: string): Promise<void> {
  const exited = once(started, "exit");
  started.kill("SIGTERM");
  assert.deepEqual(await exited, [0, null]);
  rmSync(cwd, { recursive: true });
}
