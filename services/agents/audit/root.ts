import { constants } from "node:fs";
import { open, realpath, stat, type FileHandle } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { GenesisError } from "../../../shared/contract/errors.ts";

/** A folder that an audit may read: its real path, and its name relative to the configured root (`.` for that root itself). */
export type AuditFolder = { path: string; name: string; configuredRoot: string };

/**
 * The folder that a step asks for, if it lies inside the configured root after every symbolic link is followed.
 * @param auditRoot the setting; what `asked` is relative to
 * @throws GenesisError `E_FORBIDDEN` outside that root, `E_INPUT` for what is missing there or is no folder
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
  if (!contains(configuredRoot, path)) throw outside();
  if (!(await stat(path)).isDirectory())
    throw new GenesisError("E_INPUT", [{ path: "root", rule: "a folder" }]);
  return { path, name: relative(configuredRoot, path).split(sep).join("/") || ".", configuredRoot };
}

/**
 * Opens a regular file of the folder for reading. A path can come from another step's result, so it is checked again, and
 * with it what the folders on the way turned into since they were listed. Undefined for what is gone or is no regular file.
 * @throws GenesisError `E_FORBIDDEN` for a path that leaves the folder
 */
export async function openInside(folder: AuditFolder, path: string): Promise<FileHandle | undefined> {
  const wanted = resolve(folder.path, path);
  if (!contains(folder.path, wanted)) throw outside();
  const real = await realpath(wanted).catch(() => undefined);
  if (real === undefined) return undefined;
  if (!contains(folder.path, real)) throw outside();
  if (real !== wanted) return undefined;
  // Not blocking: opening a named pipe would otherwise wait for a writer for ever.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(real, flags).catch(() => undefined);
  if (file === undefined) return undefined;
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}

/** Whether `path` is `folder` or lies below it; both absolute, links not followed. */
export function contains(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(join("..", sep)) && !isAbsolute(way));
}

function outside(): GenesisError {
  return new GenesisError("E_FORBIDDEN", [{ path: "root", rule: "inside the configured audit root" }]);
}
