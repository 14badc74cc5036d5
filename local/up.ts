import { observeLines } from "./prepared-queries.ts";
import { progressOn } from "./progress.ts";
import { startLocal, type Local, type LocalOptions } from "./start.ts";
import { GENESIS } from "../shared/contract/command.ts";

/** What `genesis up` is given. */
export type UpOptions = Pick<LocalOptions, "dir" | "port" | "profile" | "services" | "observe"> & {
  /** Say that it is ready as one JSON object. */
  json: boolean;
};

/** What stops an instance that runs in the foreground. */
export const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Starts the local mode in the foreground, says on standard output when it is ready, and stops everything at the first
 * SIGINT, SIGTERM or SIGHUP. @returns when all is stopped @throws StartFailure when it cannot start
 */
export async function up(options: UpOptions): Promise<void> {
  // Whoever read what it says may leave. For other commands that is the end of their work, here it is not.
  for (const stream of [process.stdout, process.stderr]) {
    stream.removeAllListeners("error").on("error", () => {});
  }
  const progress = progressOn(process.stderr);
  const stop = new AbortController();
  const stopped = new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
  // Further signals change nothing: a terminal and a launcher may both pass on the same Ctrl-C.
  for (const name of STOP_SIGNALS) process.on(name, () => stop.abort());
  try {
    const local = await startLocal({ ...options, progress, signal: stop.signal });
    // On standard error: standard output has one line, for scripts.
    for (const line of observeLines({ dir: local.dir, ...local.state() })) progress.say(line);
    process.stdout.write(`${readyLine(local, options.json)}\n`);
    await stopped;
    progress.say("stopping");
    await local.stop();
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  progress.say("stopped");
}

function readyLine({ url, stateFile }: Local, json: boolean): string {
  if (json) return JSON.stringify({ ready: true, nats: url, state: stateFile });
  return `genesis is ready at ${url}, as ${stateFile} says; Ctrl-C or ${GENESIS} down stops it`;
}
