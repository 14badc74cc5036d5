import { lstat, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { git } from "./git.ts";
import { withRepository } from "./repository.ts";
import { outside, type AuditFolder } from "./root.ts";
import { isIgnored, walk, type Walk } from "./walk.ts";

/** A regular file below the folder: its path from there with `/` between, and its size. */
export type FileEntry = { path: string; bytes: number };

/** The files of a folder, sorted by path. `complete` is false when there were more than an audit looks at. */
export type Listing = {
  source: "git" | "folder";
  files: FileEntry[];
  skipped: { links: number; others: number };
  complete: boolean;
};

/** An audit looks at this many directory entries at most. */
export const MAX_FILES = 20_000;
const AT_ONCE = 32;

/**
 * Lists the regular files below a folder, without `.git`, `node_modules` and `.genesis`. In a git work tree these are the files that
 * git knows and those that are new and not ignored; elsewhere all. Symbolic links are counted, never followed.
 * @throws GenesisError `E_FORBIDDEN` for an index that names what lies outside; the signal's reason when aborted
 */
export async function listFiles(folder: AuditFolder, signal: AbortSignal): Promise<Listing> {
  const known = await filesThatGitKnows(folder, signal);
  const { paths, complete } = known ?? (await walk(folder.path, MAX_FILES, signal));
  const skipped = { links: 0, others: 0 };
  const isReached = withoutLinks(folder);
  const found = await inBatches(paths.toSorted(byCodeUnits), signal, async (path) => {
    const stats = await lstat(join(folder.path, path)).catch(() => undefined);
    // What git still knows and nobody has any more is nothing.
    if (stats === undefined) return undefined;
    if (stats.isSymbolicLink() || !(await isReached(path))) skipped.links++;
    else if (stats.isFile()) return { path, bytes: stats.size };
    // A socket, a pipe, a nested repository.
    else skipped.others++;
    return undefined;
  });
  return {
    source: known === undefined ? "folder" : "git",
    files: found.filter((entry) => entry !== undefined),
    skipped,
    complete,
  };
}

/** Works on many items, a few at a time, results in the order of the items. @throws the signal's reason when aborted */
export async function inBatches<T, R>(
  items: readonly T[],
  signal: AbortSignal,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    signal.throwIfAborted();
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(work))));
  }
  return results;
}

/** Whether a path leads through no symbolic link: a folder that git knows may have become one. */
function withoutLinks(folder: AuditFolder): (path: string) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>();
  return (path) => {
    const way = dirname(join(folder.path, path));
    const asked =
      known.get(way) ??
      realpath(way).then(
        (real) => real === way,
        () => false,
      );
    known.set(way, asked);
    return asked;
  };
}

async function filesThatGitKnows(folder: AuditFolder, signal: AbortSignal): Promise<Walk | undefined> {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const answer = await withRepository(folder, signal, (repository) =>
    git({ folder, repository }, args, signal),
  );
  if (answer === undefined) return undefined;
  const named = answer.split("\0").filter((path) => path !== "");
  // Git prints what the index says, and an index is a file like any other.
  if (named.some(leadsOut)) throw outside();
  // A file in a merge conflict is named once per version.
  const known = new Set(named.filter((path) => !isIgnored(path)));
  return { paths: [...known].toSorted(byCodeUnits).slice(0, MAX_FILES), complete: known.size <= MAX_FILES };
}

function leadsOut(path: string): boolean {
  return isAbsolute(path) || path.split("/").includes("..");
}

function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
