import { connect } from "../../shared/bus/connect.ts";
import { work } from "../../shared/bus/work.ts";

/** A process whose steps end it as `kill -9` does. Its argument is the broker's URL. */

const bus = await connect({ url: process.argv[2]!, prefix: "genesis", name: "deadly" });
const line = (): void => {};
const log = { trace: line, debug: line, info: line, warn: line, error: line, fatal: line };
const run = async (): Promise<never> => {
  process.kill(process.pid, "SIGKILL");
  return new Promise(() => {});
};
await work({ name: "agents", bus, log }, [{ name: "worker", concurrency: 1, run }]);
