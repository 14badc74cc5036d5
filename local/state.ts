import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { readClaim } from "./claim.ts";
import { DEFAULT_DIR } from "./dir-option.ts";
import { isForeign } from "./owner.ts";
import { isRunning } from "./processes.ts";

const address = z.url().max(200);
const pid = z.int().min(1);
const localState = z.object({
  up: z.object({ pid }),
  nats: z.object({ url: address, pid, monitor: address, config: z.string(), store: z.string() }),
  services: z.array(z.object({ name: z.string(), pid, http: address })),
  observe: z.object({ collector: address, prometheus: address }).optional(),
  settings: z
    .object({
      catalog: z.array(z.string()),
      prefix: z.string(),
      model: z.string().optional(),
      // Whether its services make no spans at all.
      sdkDisabled: z.literal(true).optional(),
    })
    .optional(),
});

/** What runs and where, as `state.json` says it. True from ready on. */
export type LocalState = z.infer<typeof localState>;

/** The settings of an instance that whoever looks at it must know: a shell beside it may have others. No secrets. */
export type InstanceSettings = NonNullable<LocalState["settings"]>;

/** Where the state of a folder's instance is written down. */
export function stateFile(dir: string): string {
  return join(dir, "state.json");
}

/** Replaces the state in one step: a reader sees the old one or the new one. */
export function writeState(dir: string, state: LocalState): void {
  const draft = `${stateFile(dir)}.draft`;
  writeFileSync(draft, `${JSON.stringify(state, undefined, 2)}\n`);
  renameSync(draft, stateFile(dir));
}

/** Takes the state away: nothing runs here any more. */
export function removeState(dir: string): void {
  rmSync(stateFile(dir), { force: true });
}

/** The state of the instance that runs in a folder; nothing when none does, or when it is not ready yet. */
export function readState(dir: string): LocalState | undefined {
  const claim = readClaim(dir);
  if (claim === undefined || !isRunning(claim.up)) return undefined;
  try {
    return localState.parse(JSON.parse(readFileSync(stateFile(dir), "utf8")));
  } catch {
    return undefined;
  }
}

/**
 * The running instance that a command means: the one in `dir` when it is given, else the one in the `.genesis` of the current
 * folder or of the nearest parent where one runs. Nothing when none does.
 */
export function findInstance(dir?: string): { dir: string; state: LocalState } | undefined {
  for (const folder of foldersMeant(dir)) {
    const state = readState(folder);
    if (state !== undefined) return { dir: folder, state };
  }
  return undefined;
}

/**
 * The folders that a command may mean, nearest first: `dir` alone when it is given, else the `.genesis` of the current folder and of its
 * parents. Those of other users are passed over: in a folder that all can write to, anybody may have made one.
 */
export function foldersMeant(dir?: string): string[] {
  if (dir !== undefined) return [resolve(dir)];
  return foldersUp(process.cwd()).filter((folder) => !isForeign(folder));
}

function foldersUp(start: string): string[] {
  const parent = dirname(start);
  const here = join(start, DEFAULT_DIR);
  return parent === start ? [here] : [here, ...foldersUp(parent)];
}
