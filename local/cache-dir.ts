import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** The folder in the user's cache for programs that were fetched or built once. */
export function cacheDir(environment: NodeJS.ProcessEnv): string {
  const base = environment["XDG_CACHE_HOME"];
  // The XDG specification: a relative path is to be ignored.
  if (base !== undefined && isAbsolute(base)) return join(base, "genesis");
  return join(environment["HOME"] || homedir(), ".cache", "genesis");
}
