import { opendir } from "node:fs/promises";
import { join } from "node:path";
import { isPrivate } from "./root.ts";

/** The paths that an audit looks at, relative to the folder. `complete` is false when there are more. */
export type Walk = { paths: string[]; complete: boolean };

/** Not the author's own files. */
const INSTALLED = "node_modules";

/** Whether a path leads into what an author did not write. */
export function isIgnored(path: string): boolean {
  return isPrivate(path) || path.split("/").includes(INSTALLED);
}

/**
 * Every entry below a folder that is no folder itself, in no order, until `limit` entries were seen, folders among them. Symbolic links
 * are entries. @throws the signal's reason when aborted
 */
export async function walk(folder: string, limit: number, signal: AbortSignal): Promise<Walk> {
  const paths: string[] = [];
  const waiting = [""];
  let seen = 0;
  for (let at = waiting.pop(); at !== undefined && seen <= limit; at = waiting.pop()) {
    const entries = await opendir(join(folder, at)).catch(() => []);
    for await (const entry of entries) {
      signal.throwIfAborted();
      if (isIgnored(entry.name)) continue;
      if (++seen > limit) break;
      const path = at === "" ? entry.name : `${at}/${entry.name}`;
      (entry.isDirectory() ? waiting : paths).push(path);
    }
  }
  return { paths, complete: seen <= limit };
}
