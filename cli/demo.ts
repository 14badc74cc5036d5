import type { Command } from "commander";
import { isAbsolute, join, relative } from "node:path";
import { DEFAULT_DIR, dirOption } from "../local/dir-option.ts";
import { StartFailure } from "../local/failure.ts";
import { progressOn } from "../local/progress.ts";
import { startLocal, type Local } from "../local/start.ts";
import { STOP_SIGNALS } from "../local/up.ts";
import { connect, type Bus } from "../shared/bus/connect.ts";
import { PROJECT_ROOT, readSettings } from "../shared/config.ts";
import { runOfKey, type Submission } from "../shared/contract/submission.ts";
import { foldRun, type Run } from "../shared/domain/run.ts";
import { submitByMessage, submitByRequest } from "./demo-tasks.ts";
import { explain } from "./decision-view.ts";
import { CommandFailure } from "./failure.ts";
import { follow } from "./follow.ts";
import { watchRun } from "./live.ts";
import { outputFor, type Output } from "./output.ts";
import type { Paint } from "./render/paint.ts";
import { runLines } from "./render/run.ts";
import type { RunView } from "./run-view.ts";
import { GENESIS } from "../shared/contract/command.ts";

const AUDIT: Submission = { goal: "Audit this repository", input: { root: "." } };
const BUSINESS: Submission = { goal: "Launch a SaaS business that walks dogs", labels: { demo: "yes" } };
/** Nothing scores that high, so that the demo shows what a rejection looks like. */
const TOO_DEMANDING: Submission = {
  goal: "Start a company that never fails",
  policy: { minScore: 0.99, maxReplans: 1 },
};

/** Why the demo ends early when nobody reads it: as for any command, that is no failure. */
const UNREAD = Symbol("unread");

/** `genesis demo`: starts everything, runs three tasks, and leaves their results. */
export function demo(command: Command): void {
  command
    .option("--dir <dir>", "folder for everything it writes", DEFAULT_DIR)
    .option("--json", "print a JSON line per fact, and what is left at the end", false)
    .action(async ({ dir, json }: { dir: string; json: boolean }) => {
      const stop = stopper();
      try {
        await inInstance(dir, stop, (bus, local) => play(bus, local, outputFor({ json })));
      } catch (error) {
        if (stop.reason === UNREAD) return;
        if (stop.aborted) throw new CommandFailure("interrupted");
        if (error instanceof StartFailure) throw new CommandFailure(error.message, error.exitCode);
        throw error;
      }
    });
}

/** Aborts when the demo is to end before its end: at a signal, or when whoever reads has seen enough. */
function stopper(): AbortSignal {
  const stop = new AbortController();
  // Further signals change nothing. A listener that leaves after the first would make the one that gives the cursor back the
  // only one, which then ends this process at once, with everything still running.
  for (const signal of STOP_SIGNALS) process.on(signal, () => stop.abort());
  process.stdout.removeAllListeners("error").on("error", () => stop.abort(UNREAD));
  return stop.signal;
}

/** A broker of its own on free ports, every service, and a connection; all of it stopped afterwards, and at once on a signal. */
async function inInstance(
  dir: string,
  signal: AbortSignal,
  show: (bus: Bus, local: Local) => Promise<void>,
): Promise<void> {
  const progress = progressOn(process.stderr);
  const settings = { GENESIS_AUDIT_ROOT: PROJECT_ROOT, GENESIS_CATALOG: "business,audit" };
  const local = await startLocal({ dir, port: 0, profile: "durable", settings, progress, signal });
  try {
    const bus = await connect({ url: local.url, prefix: readSettings().prefix, name: "genesis-demo" });
    const interrupted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
    try {
      await Promise.race([show(bus, local), interrupted]);
    } finally {
      await bus.close();
    }
  } finally {
    await local.stop();
  }
}

async function play(bus: Bus, local: Local, output: Output): Promise<void> {
  const audit = await showAudit(bus, output);
  const business = await showBusiness(bus, output);
  const rejected = await showRejected(bus, output);
  const files = filesOf(audit.run, local.dir);
  if (output.json)
    output.document({ runs: { audit, business, rejected }, files: files.map(([path]) => path) });
  else output.lines(["", ...ending(files, business.run, { dir: local.dir, paint: output.paint })]);
}

async function showAudit(bus: Bus, output: Output): Promise<RunView> {
  heading(
    output,
    "1  An audit of this repository, by agents that read its files",
    "asked by a request on genesis.submit",
  );
  const run = await submitByRequest(bus, AUDIT);
  return expectEnd(await watchRun(run, follow(bus, run), output), "completed");
}

async function showBusiness(bus: Bus, output: Output): Promise<RunView> {
  heading(
    output,
    "2  A business goal, by simulated agents",
    "published as a bare message on genesis.tasks, its run computed from the idempotency key",
  );
  const key = `demo-${new Date().toISOString()}`;
  await submitByMessage(bus, BUSINESS, key);
  const run = runOfKey(key);
  const view = expectEnd(await watchRun(run, follow(bus, run), output), "completed");
  if (output.json) return view;
  output.lines([
    "",
    output.paint.bold("Why each step went to its agent"),
    ...decisions(foldRun(await bus.log.history(run)), output),
  ]);
  return view;
}

async function showRejected(bus: Bus, output: Output): Promise<RunView> {
  heading(
    output,
    "3  A goal that asks for more than any plan can promise",
    "AOP rejects it before anything is spent",
  );
  const run = await submitByRequest(bus, TOO_DEMANDING);
  const view = expectEnd(await watchRun(run, follow(bus, run), output), "rejected");
  // On a terminal the live view stays there, findings and all.
  if (!output.isLive && !output.json) output.lines(["", ...runLines(view, output.paint)]);
  return view;
}

function heading(output: Output, title: string, how: string): void {
  if (!output.json) output.lines(["", output.paint.bold(title), output.paint.dim(`   ${how}`), ""]);
}

function expectEnd(view: RunView, outcome: string): RunView {
  if (view.outcome !== outcome)
    throw new CommandFailure(
      `the run ended ${view.outcome} instead of ${outcome}; ${GENESIS} show ${view.run} tells more`,
    );
  return view;
}

function decisions(run: Run, { paint }: Output): string[] {
  const primitives = run.plan?.primitives ?? [];
  const width = Math.max(...primitives.map(({ id }) => id.length));
  return primitives.map(({ id }) => {
    const explained = explain(run, id);
    return `  ${id.padEnd(width)}  ${paint.dim(explained.is === "routed" ? explained.view.decision.explanation : explained.is)}`;
  });
}

/** What the demo leaves: a path, and what is there. */
type Left = [path: string, what: string];

function filesOf(audit: string, dir: string): Left[] {
  return [
    [join(dir, "results", audit, "audit-report.md"), "the audit report"],
    [join(dir, "traces"), "spans, as OTLP JSON lines"],
    [join(dir, "logs"), "one log for each service, as JSON lines"],
    [join(dir, "jetstream"), `the log of the runs; ${GENESIS} up goes on from it`],
  ];
}

function ending(
  files: readonly Left[],
  run: string,
  { dir, paint }: { dir: string; paint: Paint },
): string[] {
  const width = Math.max(...files.map(([path]) => near(path).length));
  const inDir = dirOption(near(dir));
  return [
    paint.bold("What is left"),
    ...files.map(([path, what]) => `  ${near(path).padEnd(width)}  ${paint.dim(what)}`),
    "",
    paint.bold("What to try next"),
    `  ${GENESIS} up${inDir}`,
    `  ${GENESIS} trace ${run.slice(0, 8)}${inDir}   ${paint.dim("in another terminal: the run's spans")}`,
    `  ${GENESIS} submit --goal "Audit this repository" --watch${inDir}`,
  ];
}

/** A path as a person at this prompt would type it. */
function near(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") || isAbsolute(short) ? path : short;
}
