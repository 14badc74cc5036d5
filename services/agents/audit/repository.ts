import { lstat, mkdir, mkdtemp, opendir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { headOf } from "./git-head.ts";
import { readPart } from "./read-part.ts";
import { contains, type AuditFolder } from "./root.ts";

/**
 * A repository as an audit sees it. Its own `.git` folder is never handed to git, for what stands in there can lead git to files
 * and programs anywhere: settings, includes, hooks, a common folder, borrowed objects. Git gets a folder of ours instead, which holds
 * copies of the few parts that an audit needs, and reads of the repository's only the objects, after each was seen to be a file.
 */
export type Repository = {
  /** Where the work tree begins. */
  top: string;
  /** The folder of ours that git takes for the `.git` folder. */
  gitDir: string;
  objects: string;
  /** The id of the newest commit; undefined before the first. */
  head: string | undefined;
  /** Whether it holds only the newest part of its history, as a clone with `--depth` does. */
  isShallow: boolean;
};

/** All that is read of a `.git` folder; of `refs` only what `HEAD` names. */
const PARTS = ["HEAD", "packed-refs", "refs", "index", "shallow", "info", "objects"];
/** Files by which git finds the objects of other repositories. */
const BORROWED = ["alternates", "http-alternates"].map((name) => join("objects", "info", name));
/** A repository with more files among these parts is not looked into. */
const MAX_ENTRIES = 200_000;
/** Read by git as they are, so they are copied as they are. */
const COPIED = ["index", "shallow", "info/exclude"];

/**
 * Hands `work` the repository that a folder belongs to. Undefined, without calling it, where there is none that begins at or below
 * the configured root and keeps all its parts as plain files in its own `.git` folder: linked work trees and borrowed objects do not.
 * @throws the signal's reason when aborted
 */
export async function withRepository<R>(
  folder: AuditFolder,
  signal: AbortSignal,
  work: (repository: Repository) => Promise<R>,
): Promise<R | undefined> {
  const top = await workTreeAround(folder);
  if (top === undefined || !(await isSelfContained(join(top, ".git"), signal))) return undefined;
  // Where nothing can be written, the folder is looked at without git.
  const gitDir = await mkdtemp(join(tmpdir(), "genesis-audit-")).catch(() => undefined);
  if (gitDir === undefined) return undefined;
  try {
    const copied = await copyInto(gitDir, join(top, ".git"));
    return copied && (await work({ top, gitDir, objects: join(top, ".git", "objects"), ...copied }));
  } finally {
    await rm(gitDir, { recursive: true, force: true });
  }
}

/** The nearest folder with a `.git` in it, from this one up to the configured root and never above. */
async function workTreeAround({ path, configuredRoot }: AuditFolder): Promise<string | undefined> {
  for (let at = path; contains(configuredRoot, at); at = dirname(at)) {
    const found = await lstat(join(at, ".git")).catch(() => undefined);
    if (found !== undefined) return found.isDirectory() ? at : undefined;
    if (at === configuredRoot) break;
  }
  return undefined;
}

async function isSelfContained(dir: string, signal: AbortSignal): Promise<boolean> {
  let seen = 0;
  const waiting = PARTS.map((part) => join(dir, part));
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    signal.throwIfAborted();
    if (++seen > MAX_ENTRIES || BORROWED.some((path) => at === join(dir, path))) return false;
    const stats = await lstat(at).catch(() => undefined);
    if (stats === undefined || stats.isFile()) continue;
    if (!stats.isDirectory()) return false;
    const entries = await opendir(at).catch(() => undefined);
    if (entries === undefined) return false;
    for await (const entry of entries) waiting.push(join(at, entry.name));
  }
  return true;
}

/** Fills the folder that git takes for the repository's. Undefined for what is no repository, or one with a part too large to copy. */
async function copyInto(
  gitDir: string,
  dir: string,
): Promise<Pick<Repository, "head" | "isShallow"> | undefined> {
  const found = await headOf(dir);
  if (found === undefined) return undefined;
  const { head } = found;
  await mkdir(join(gitDir, "refs"));
  await mkdir(join(gitDir, "info"));
  await writeFile(join(gitDir, "HEAD"), `${head ?? "ref: refs/heads/none"}\n`);
  await writeFile(join(gitDir, "config"), settingsFor(head));
  let isShallow = false;
  for (const name of COPIED) {
    const content = await readPart(dir, name);
    if (content === "too large") return undefined;
    if (content === undefined) continue;
    await writeFile(join(gitDir, name), content);
    isShallow ||= name === "shallow";
  }
  return { head, isShallow };
}

/** The whole configuration that git has: how the objects are named, and that macOS spells file names its own way. */
function settingsFor(head: string | undefined): string {
  const isSha256 = head?.length === 64;
  return [
    "[core]",
    `\trepositoryformatversion = ${isSha256 ? 1 : 0}`,
    "\tbare = false",
    "\tprecomposeunicode = true",
    ...(isSha256 ? ["[extensions]", "\tobjectformat = sha256"] : []),
    "",
  ].join("\n");
}
