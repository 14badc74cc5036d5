import { existsSync } from "node:fs";
import { findInstance, foldersMeant } from "../local/state.ts";
import { CommandFailure } from "./failure.ts";
import { GENESIS } from "../shared/contract/command.ts";

/**
 * The folder whose files a command reads: of the running instance that is meant, else the nearest that is there, since what
 * an instance has written can be read when it is stopped. @throws CommandFailure when there is none
 */
export function instanceDir(dir?: string): string {
  const found = findInstance(dir)?.dir ?? foldersMeant(dir).find((folder) => existsSync(folder));
  if (found !== undefined) return found;
  const where = dir === undefined ? "no .genesis here or in a parent folder" : `no folder ${dir}`;
  throw new CommandFailure(`${where}; ${GENESIS} up makes one, --dir names another`);
}
