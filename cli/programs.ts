import { execFile } from "node:child_process";
import { promisify } from "node:util";

const PROBE_MS = 3000;

/** What came of asking a program on PATH for its version. */
export type Program =
  | { is: "there"; version: string }
  | { is: "missing" }
  /** It is there and has not answered in time, as happens on a busy machine. */
  | { is: "silent" }
  /** It is there, and its answer names no version. */
  | { is: "unclear" };

/** Asks a program on PATH for its version. @param withinMs 3 s when not given */
export async function askVersion(
  program: string,
  argument: string,
  withinMs: number = PROBE_MS,
): Promise<Program> {
  try {
    const { stdout } = await promisify(execFile)(program, [argument], {
      timeout: withinMs,
      killSignal: "SIGKILL",
    });
    const [version] = /\d+\.\d+(\.\d+)?[\w.-]*/.exec(stdout) ?? [];
    return version === undefined ? { is: "unclear" } : { is: "there", version };
  } catch (error) {
    const { code, killed } = error as { code?: unknown; killed?: boolean };
    if (code === "ENOENT") return { is: "missing" };
    return { is: killed === true ? "silent" : "unclear" };
  }
}
