import { resolve } from "node:path";

/** The folder that the local mode uses when none is given. */
export const DEFAULT_DIR = ".genesis";

/** What a command for a person to type needs to mean this folder: ` --dir DIR`, or nothing where it is the one that is used anyway. */
export function dirOption(dir: string | undefined): string {
  if (dir === undefined || resolve(dir) === resolve(DEFAULT_DIR)) return "";
  return ` --dir ${shellWord(dir)}`;
}

/** Text as one word at a shell's prompt: in quotes where it has a character that the shell would obey. */
function shellWord(text: string): string {
  return /^[\p{L}\p{N}_@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
