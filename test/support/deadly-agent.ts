import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "../../shared/bus/connect.ts";
import type { RunStep } from "../../shared/bus/attempt.ts";
import { work } from "../../shared/bus/work.ts";

/**
 * A process whose steps end it as `kill -9` does, but for those of the run `innocent`, which take a little longer than
 * that. Its arguments are the broker's URL and how many steps it works on at a time.
 */
const [url = "", concurrency] = process.argv.slice(2);
const bus = await connect({ url, prefix: "genesis", name: "deadly" });
const line = (): void => {};
const log = { trace: line, debug: line, info: line, warn: line, error: line, fatal: line };
const run: RunStep = async ({ event }) => {
  if (event.run === "innocent") {
    await sleep(300);
    return { completed: { output: "done" } };
  }
  await sleep(100);
  process.kill(process.pid, "SIGKILL");
  return new Promise(() => {});
};
await work({ name: "agents", bus, log }, [{ name: "worker", concurrency: Number(concurrency), run }]);
