import { constants } from "node:fs";
import { lstat, open, realpath, stat, type FileHandle } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { GenesisError } from "../../../shared/contract/errors.ts";

/** A folder that an audit may read: its real path, and its name relative to the configured root (`.` for that root itself). */
export type AuditFolder = { path: string; name: string; configuredRoot: string };

/** What git and Genesis keep for themselves: no author wrote it, and tokens and keys are in there. */
const PRIVATE = new Set([".git", ".genesis"]);

/** Whether a path leads into what git or Genesis keeps for itself, in any spelling, as some file systems know only one. */
export function isPrivate(path: string): boolean {
  return path.split(/[/\\]/).some((part) => PRIVATE.has(part.toLowerCase()));
}

/**
 * The folder that a step asks for, if it lies inside the configured root after every symbolic link is followed.
 * @param auditRoot the setting; what `asked` is relative to
 * @throws GenesisError `E_FORBIDDEN` outside that root or in what `isPrivate`, `E_INPUT` for what is missing there or is no folder
 */
export async function auditFolder(auditRoot: string, asked: string): Promise<AuditFolder> {
  const configuredRoot = await realpath(auditRoot);
  const wanted = resolve(configuredRoot, asked);
  const path = await realpath(wanted).catch((cause: unknown) => {
    // Whether something exists outside the root is not told either.
    const isInside = contains(configuredRoot, wanted) || contains(resolve(auditRoot), wanted);
    throw isInside
      ? new GenesisError("E_INPUT", [{ path: "root", rule: "an existing folder" }], { cause })
      : outside();
  });
  if (!contains(configuredRoot, path) || isPrivate(path)) throw outside();
  if (!(await stat(path)).isDirectory())
    throw new GenesisError("E_INPUT", [{ path: "root", rule: "a folder" }]);
  return { path, name: relative(configuredRoot, path).split(sep).join("/") || ".", configuredRoot };
}

/**
 * Opens a regular file of the folder for reading. A path can come from another step's result, so it is checked again, and
 * with it what the folders on the way turned into since they were listed. Undefined for what is gone or is no regular file.
 * @throws GenesisError `E_FORBIDDEN` for a path that leaves the folder or leads into what `isPrivate`
 */
export async function openInside(
  folder: Pick<AuditFolder, "path">,
  path: string,
): Promise<FileHandle | undefined> {
  const wanted = resolve(folder.path, path);
  if (!contains(folder.path, wanted) || isPrivate(relative(folder.path, wanted))) throw outside();
  const real = await realpath(wanted).catch(() => undefined);
  if (real === undefined) return undefined;
  if (!contains(folder.path, real)) throw outside();
  if (real !== wanted) return undefined;
  // Not blocking: opening a named pipe would otherwise wait for a writer for ever.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(real, flags).catch(() => undefined);
  if (file === undefined) return undefined;
  if (await isStill(file, real)) return file;
  await file.close();
  return undefined;
}

/** Whether what was opened is the regular file at this path: a folder on the way may have become a link since it was checked. */
async function isStill(file: FileHandle, path: string): Promise<boolean> {
  const [opened, there, real] = await Promise.all([
    file.stat({ bigint: true }),
    lstat(path, { bigint: true }).catch(() => undefined),
    realpath(path).catch(() => undefined),
  ]);
  return opened.isFile() && real === path && opened.dev === there?.dev && opened.ino === there.ino;
}

/** Whether `path` is `folder` or lies below it; both absolute, links not followed. */
export function contains(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(join("..", sep)) && !isAbsolute(way));
}

/** The one answer to every way out. */
export function outside(): GenesisError {
  return new GenesisError("E_FORBIDDEN", [
    { path: "root", rule: "inside the configured audit root, and not in .git or .genesis" },
  ]);
}
