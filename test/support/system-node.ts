import { accessSync, constants, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { childEnvironment } from "../../shared/config.ts";

/** The PATH of somebody who has not come through the launcher: without the folders whose `node` is the one that runs now. */
export function systemPath(): string {
  const folders = (childEnvironment({})["PATH"] ?? "").split(delimiter);
  return folders
    .filter((folder) => realPath(join(folder, "node")) !== realPath(process.execPath))
    .join(delimiter);
}

/** The Node that such a person has; nothing when they have none. */
export function systemNode(): string | undefined {
  return systemPath()
    .split(delimiter)
    .map((folder) => join(folder, "node"))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
