import { spawn, type ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { LogFile } from "./log-files.ts";

/** A program that is not ours: its path, arguments and environment, and the log that takes what it writes. */
export type TiedProgram = {
  path: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  log: LogFile;
};

// Makes the program end with its `up`, even with one that is killed: the shell's child waits for the end of a pipe that only `up`
// holds. The shell itself becomes the program, so that its pid is the program's.
const TIED_TO_UP = '(read -r _; kill -TERM $$) <&3 >/dev/null 2>&1 & exec "$0" "$@" 3<&-';

const READY_POLL_MS = 20;
const PROBE_MS = 1000;

/** Starts a program that leads its own process group and ends with this process. Closes its side of the log. */
export function spawnTied({ path, args, env, log }: TiedProgram): ChildProcess {
  const child = spawn("sh", ["-c", TIED_TO_UP, path, ...args], {
    detached: true,
    env,
    stdio: ["ignore", log.fd, log.fd, "pipe"],
  });
  log.close();
  child.once("exit", () => child.stdio[3]?.destroy());
  return child;
}

/** Resolves once a page of a program answers with a status of success. @throws when the program ends before */
export async function answering(child: ChildProcess, url: string): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const isHealthy = await fetch(url, { signal: AbortSignal.timeout(PROBE_MS) }).then(
      async (response) => (await response.arrayBuffer(), response.ok),
      () => false,
    );
    if (isHealthy) return;
    await sleep(READY_POLL_MS);
  }
  throw new Error("ended before it was ready");
}
