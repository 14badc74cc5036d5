import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { dirOption } from "./dir-option.ts";
import { StartFailure } from "./failure.ts";
import { isForeign } from "./owner.ts";
import { isRunning, recordOf, stopProcesses, type ProcessRecord } from "./processes.ts";
import type { Progress } from "./progress.ts";
import { GENESIS } from "../shared/contract/command.ts";

/**
 * Who uses a folder: `processes.json` names the `up` and every process that it started. Two `up` never share a folder,
 * and an `up` that was killed leaves the list of what has to be stopped before the next one begins.
 */

const record = z.object({ name: z.string(), pid: z.int().min(1), birth: z.string().min(1) });
const claimFile = z.object({ up: record, children: z.array(record).max(1000) });

/** The `up` that has a folder, and what it has started. */
export type Claim = z.infer<typeof claimFile>;

const LEFT_OVERS_GRACE_MS = 10_000;

/** What is written down in a folder; nothing when nobody uses it. A file that cannot be read, or is another user's, counts as nothing. */
export function readClaim(dir: string): Claim | undefined {
  return parseClaim(pathOf(dir));
}

/** Whether a folder has something written down that cannot be read: what runs in it cannot be told then. */
export function hasUnreadableClaim(dir: string): boolean {
  return existsSync(pathOf(dir)) && readClaim(dir) === undefined;
}

/** Every process of a folder's claim that still runs. */
export function survivors(dir: string): ProcessRecord[] {
  const claim = readClaim(dir);
  return claim === undefined ? [] : [claim.up, ...claim.children].filter(isRunning);
}

/** @throws StartFailure when what is written down in a folder is another user's */
export function refuseForeignClaim(dir: string): void {
  const path = pathOf(dir);
  if (!isForeign(path)) return;
  throw new StartFailure(`${path} belongs to another user; only they can stop or replace what it names`);
}

/** Takes a folder for this process, after stopping what a killed `up` left. @throws StartFailure while another `up` or user has it */
export async function takeClaim(dir: string, progress: Progress): Promise<void> {
  refuseForeignClaim(dir);
  const found = readClaim(dir);
  if (found !== undefined && isRunning(found.up)) throw runningAlready(dir, found.up.pid);
  await stopLeftOvers(dir, progress);
  removeStale(dir, found);
  const draft = writeDraft(dir, []);
  try {
    // A link fails when the name is there, and the file is whole from its first moment.
    linkSync(draft, pathOf(dir));
  } catch (error) {
    throw runningAlready(dir, readClaim(dir)?.up.pid, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Stops what an `up` that is no more has left in a folder. @returns how many processes that were */
export async function stopLeftOvers(dir: string, progress: Progress): Promise<number> {
  const left = survivors(dir);
  if (left.length === 0) return 0;
  progress.say(`stopping left-overs in ${dir}: ${left.map((r) => `${r.name} (pid ${r.pid})`).join(", ")}`);
  await stopProcesses(left, LEFT_OVERS_GRACE_MS);
  return left.length;
}

/** Writes down what this process has started. */
export function updateClaim(dir: string, children: readonly ProcessRecord[]): void {
  renameSync(writeDraft(dir, children), pathOf(dir));
}

/** Gives the folder back. */
export function releaseClaim(dir: string): void {
  rmSync(pathOf(dir), { force: true });
}

function removeStale(dir: string, stale: Claim | undefined): void {
  const aside = `${pathOf(dir)}.${process.pid}.stale`;
  try {
    renameSync(pathOf(dir), aside);
  } catch {
    return;
  }
  const taken = parseClaim(aside);
  // Another `up` may have taken the folder between the look and the move: then its claim is put back.
  if (taken !== undefined && taken.up.pid !== stale?.up.pid && isRunning(taken.up)) {
    renameSync(aside, pathOf(dir));
    throw runningAlready(dir, taken.up.pid);
  }
  rmSync(aside, { force: true });
}

function parseClaim(path: string): Claim | undefined {
  if (isForeign(path)) return undefined;
  try {
    return claimFile.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
}

function writeDraft(dir: string, children: readonly ProcessRecord[]): string {
  const draft = `${pathOf(dir)}.${process.pid}.draft`;
  const claim = { up: recordOf("up", process.pid), children };
  writeFileSync(draft, `${JSON.stringify(claim, undefined, 2)}\n`, { mode: 0o600 });
  return draft;
}

function runningAlready(dir: string, pid: number | undefined, cause?: unknown): StartFailure {
  const who = pid === undefined ? `another ${GENESIS} up` : `pid ${pid}`;
  return new StartFailure(
    `an instance is running in ${dir} already (${who}); stop it with ${GENESIS} down${dirOption(dir)}, or use another folder with --dir`,
    { cause },
  );
}

const pathOf = (dir: string): string => join(dir, "processes.json");
