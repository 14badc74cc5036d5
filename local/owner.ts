import { lstatSync, statSync } from "node:fs";

const ROOT = 0;

/**
 * Whether a file or folder is somebody else's: not this user's, nor root's, who can do as this user anyway. What stands in it must not
 * say whom to stop or where to connect. A link counts with what it leads to; what this user may not even look at is somebody else's,
 * what is not there is nobody's, and so is all where there are no user ids.
 * @param uid whose view it is
 */
export function isForeign(path: string, uid: number | undefined = process.geteuid?.()): boolean {
  if (uid === undefined) return false;
  try {
    const owners = [lstatSync, statSync].map((look) => look(path, { throwIfNoEntry: false })?.uid ?? uid);
    return owners.some((owner) => owner !== uid && owner !== ROOT);
  } catch {
    return true;
  }
}
