import { mkdirSync, rmdirSync } from "node:fs";
import { reasonOf, StartFailure } from "./failure.ts";

/**
 * Makes the folder that holds everything an instance writes, which nobody else may read.
 * @returns the first folder on the way that was not there before, if any @throws StartFailure when it cannot be made
 */
export function makeFolder(dir: string): string | undefined {
  try {
    return mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartFailure(
      `the folder ${dir} cannot be made (${code ?? reasonOf(error)}); name another with --dir`,
      { cause: error },
    );
  }
}

/** Takes a folder away again that was made for nothing. */
export function removeEmptyFolder(dir: string): void {
  try {
    rmdirSync(dir);
  } catch {
    // There is something in it already.
  }
}
