import { execFile } from "node:child_process";
import { promisify } from "node:util";

const PROBE_MS = 3000;

/** What a program on PATH answers to a question about its version, or undefined where it is not there or does not answer in 3 s. */
export async function versionOf(program: string, ...args: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, args, { timeout: PROBE_MS });
    return /\d+\.\d+(\.\d+)?[\w.-]*/.exec(stdout)?.[0];
  } catch {
    return undefined;
  }
}
