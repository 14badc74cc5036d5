import { readClaim, refuseForeignClaim, releaseClaim, stopLeftOvers, survivors } from "./claim.ts";
import { allGone, isRunning, signal, stopProcesses } from "./processes.ts";
import type { Progress } from "./progress.ts";
import { foldersMeant, removeState } from "./state.ts";

const STOP_WITHIN_MS = 15_000;

/**
 * Stops the instance in `dir`, or the nearest one from the current folder up, and what a killed one has left.
 * @returns its folder; nothing when nothing ran
 * @throws StartFailure when `dir` is given and another user has it
 */
export async function down(dir: string | undefined, progress: Progress): Promise<string | undefined> {
  if (dir !== undefined) refuseForeignClaim(dir);
  const folders = foldersMeant(dir);
  const folder = folders.find((candidate) => survivors(candidate).length > 0);
  if (folder === undefined) {
    // All of a killed instance may have ended by itself; what is written about it is not true any more.
    for (const stale of folders.filter((candidate) => readClaim(candidate) !== undefined)) tidy(stale);
    return undefined;
  }
  const claim = readClaim(folder);
  if (claim !== undefined && isRunning(claim.up)) {
    signal(claim.up.pid, "SIGTERM");
    if (!(await allGone([claim.up], STOP_WITHIN_MS))) {
      progress.say(`up (pid ${claim.up.pid}) does not stop; killing it and what it started`);
      await stopProcesses([claim.up], 0);
    }
  }
  // An `up` that stopped in order has left nothing.
  await stopLeftOvers(folder, progress);
  tidy(folder);
  return folder;
}

function tidy(folder: string): void {
  removeState(folder);
  releaseClaim(folder);
}
