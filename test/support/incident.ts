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
import { shownCommands, withoutWhatDiffers, type ShownCommand } from "./incident-pages.ts";

/** A run of an incident, and the trace that it is. */
export type Found = { run: string; traceId: string };

/** An incident of docs/incidents that is going on. `runs` is what its tasks were answered with, in their order. */
export type StartedIncident = {
  cwd: string;
  runs: readonly Found[];
  state: LocalState;
  /** What it has said on standard error. */
  said: () => string;
  /** Ends it; what it has written stays. */
  end: () => Promise<void>;
  /** Ends it where it has not ended, and deletes all that it has written. */
  stop: () => Promise<void>;
};

/** The program that starts incidents. */
export const INCIDENT_PROGRAM = join(PROJECT_ROOT, "examples", "incidents", "start.ts");

/** `npx genesis`, from a folder that is not the clone. */
const GENESIS_HERE = `"${process.execPath}" "${join(PROJECT_ROOT, "cli", "genesis.js")}"`;
const READY_WITHIN_MS = 120_000;
const POLL_MS = 1000;

/**
 * Starts one as its page says, and comes back when all its runs have ended.
 * @throws AssertionError when it is not `runs` runs, or they take longer than `lastsMs`
 */
export async function startIncident(
  args: readonly string[],
  {
    runs,
    lastsMs,
    cwd = mkdtempSync(join(tmpdir(), "genesis-incident-")),
  }: { runs: number; lastsMs: number; cwd?: string },
): Promise<StartedIncident> {
  const started = spawn(process.execPath, [INCIDENT_PROGRAM, ...args], {
    cwd,
    env: childEnvironment({}),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  started.stderr.on("data", (text: Buffer) => (said += text));
  const end = (): Promise<void> => endOf(started);
  const stop = async (): Promise<void> => {
    await end();
    rmSync(cwd, { recursive: true, force: true });
  };
  try {
    const replies = await accepted(started, runs);
    await allEnded(cwd, runs, lastsMs);
    return { cwd, runs: replies, state: readState(join(cwd, ".incident"))!, said: () => said, end, stop };
  } catch (error) {
    await stop();
    process.stderr.write(said);
    throw error;
  }
}

/** Between what one command says and what the next one does. */
const NEXT = "\u001e";

/**
 * Types what the page says into one shell, and asserts that all that it shows comes. What one command has found out, the
 * next ones use: nothing but the page leads from one to the other. Returns the run that it came to, and its trace.
 */
export function followPage(page: string, { cwd }: StartedIncident): Found {
  const { always } = shownCommands(page);
  assert.ok(always.length >= 5);
  const [run = "", traceId = ""] = type([...always, { command: 'echo "$RUN $TRACE"', lines: [] }], cwd)
    .trim()
    .split(" ");
  return { run, traceId };
}

/** Types what the page says to Prometheus, where one runs, and asserts that all that it shows comes. Returns what the first command says. */
export function askPrometheus(page: string, { cwd }: StartedIncident): string {
  const [exemplar, ...others] = shownCommands(page).observed;
  assert.ok(exemplar !== undefined && others.length > 0);
  type([exemplar, ...others], cwd);
  return type([exemplar], cwd);
}

/** Types commands into one shell, and asserts that each says what is shown of it. Returns what the last one says. */
function type(shown: readonly ShownCommand[], cwd: string): string {
  const script = shown
    .map(({ command }) => command)
    .join(`\nprintf '${NEXT}'\n`)
    .replaceAll("npx genesis", GENESIS_HERE)
    .replaceAll(" examples/incidents/", ` ${join(PROJECT_ROOT, "examples", "incidents")}/`);
  const env = childEnvironment({ NO_COLOR: "1" });
  const { stdout, stderr } = spawnSync("bash", ["-euc", script], { cwd, env, encoding: "utf8" });
  const said = stdout.split(NEXT);
  for (const [index, { command, lines }] of shown.entries()) {
    assert.ok(index + 1 <= said.length, `${command}: ${stderr}`);
    const came = new Set(said[index]!.split("\n").map(withoutWhatDiffers));
    const missing = lines.map(withoutWhatDiffers).filter((line) => !came.has(line));
    assert.deepEqual(missing, [], `${command}\n${said[index]}${stderr}`);
  }
  return said.at(-1)!;
}

/** What the tasks were answered with, once all are handed in. */
async function accepted(started: ChildProcess, runs: number): Promise<Found[]> {
  let said = "";
  started.stdout!.on("data", (text: Buffer) => (said += text));
  await eventually(() => said.includes("ready;"), READY_WITHIN_MS);
  const replies = said.split("\n").filter((line) => line.startsWith("{"));
  assert.equal(replies.length, runs);
  return replies.map((line) => {
    const { run, traceId } = JSON.parse(line) as Found;
    return { run, traceId };
  });
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

async function endOf(started: ChildProcess): Promise<void> {
  const { exitCode, signalCode } = started;
  if (exitCode !== null || signalCode !== null) return;
  const exited = once(started, "exit");
  started.kill("SIGTERM");
  assert.deepEqual(await exited, [0, null]);
}
