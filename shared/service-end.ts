import type { Bus } from "./bus/connect.ts";
import type { Work } from "./bus/context.ts";
import { EXIT, type ExitCode } from "./refusal.ts";
import type { HttpServer } from "./telemetry/http.ts";
import type { Log } from "./telemetry/logging.ts";
import { getObservability } from "./telemetry/observability.ts";

/** What has been started so far, and so is to be stopped. */
export type Running = {
  name: string;
  log: Log;
  http?: HttpServer;
  bus?: Bus;
  works: readonly Work[];
  isReady: boolean;
  isEnding: boolean;
};

/** Why the work cannot go on. */
type Why = { event: "work_ended" | "connection_closed"; err?: unknown };

/** A little more than what a stage takes to give back what it cannot finish. */
const DRAIN_WITHIN_MS = 8500;
/** After it the process is gone, whatever hangs. */
const END_WITHIN_MS = 10_000;

/**
 * Ends the process when it is told to, or when the supervisor that would tell it is gone: a second time at once. A bug that
 * nobody caught ends it too.
 */
export function endOnSignals(running: Running): void {
  const end = (signal: string): void => {
    if (running.isEnding) process.exit(EXIT.failed);
    running.log.info({ event: "stopping", signal }, "stopping");
    void endAs(running, EXIT.ok);
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  // A supervisor that is gone will not send a signal any more.
  if (process.send) process.on("disconnect", () => !running.isEnding && end("disconnect"));
  // Unhandled rejections come here too. The state is unknown then, so nothing is drained.
  process.on("uncaughtException", (err) => {
    try {
      running.log.fatal({ event: "crash", err }, "a bug ended the process");
    } finally {
      process.exit(EXIT.software);
    }
  });
}

/** Stops everything in order and ends the process. The first caller decides how. */
export async function endAs(running: Running, code: ExitCode, why?: Why): Promise<void> {
  if (running.isEnding) return;
  running.isEnding = true;
  if (why !== undefined) running.log.fatal(why, "the work cannot go on");
  setTimeout(() => process.exit(EXIT.failed), END_WITHIN_MS).unref();
  const draining = Promise.all(running.works.map((work) => work.drain()));
  const isDrained = await settlesWithin(draining, DRAIN_WITHIN_MS);
  if (!isDrained) running.log.error({ event: "drain_failed" }, "not everything that was begun was finished");
  await Promise.allSettled([running.bus?.close(), getObservability().stop(), running.http?.close()]);
  process.exit(isDrained ? code : EXIT.failed);
}

async function settlesWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  const late = new Promise<false>((resolve) => setTimeout(resolve, ms, false).unref());
  const done = work.then(
    () => true,
    () => false,
  );
  return Promise.race([done, late]);
}
