import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { childEnvironment, PROJECT_ROOT } from "../shared/config.ts";
import { openLog, setAsideWhenLarge } from "./log-files.ts";
import { HOST } from "./ports.ts";
import type { Launched } from "./supervise.ts";

/** A service of the house: its name in the state, and the file that Node runs. */
export type ServiceSpec = { name: string; main: string };

/** Every service, in the order of their ports. */
export const SERVICES: readonly ServiceSpec[] = [
  "gateway",
  "htdag",
  "halo",
  "aop",
  "execution",
  "agents",
].map((name) => ({ name, main: join(PROJECT_ROOT, "services", name, "main.ts") }));

/** Where a service runs and with what. `settings` are variables beyond those of this process. */
export type ServicePlan = {
  dir: string;
  natsUrl: string;
  port: number;
  settings: Record<string, string>;
};

/**
 * Starts a service as its own process. It says that it is ready by a message `{"ready": true, "http": URL}` to its parent,
 * and it ends by itself when its parent is gone.
 */
export function launchService(spec: ServiceSpec, plan: ServicePlan): Launched {
  const traces = join(plan.dir, "traces", `${spec.name}.jsonl`);
  mkdirSync(join(plan.dir, "traces"), { recursive: true });
  setAsideWhenLarge(traces);
  const log = openLog(join(plan.dir, "logs", `${spec.name}.jsonl`));
  // Apart from the log, every line of which is JSON: what Node itself prints as a process dies is not.
  const errors = openLog(join(plan.dir, "logs", `${spec.name}.stderr.log`));
  const child = spawn(process.execPath, [spec.main], {
    detached: true,
    env: childEnvironment({
      GENESIS_RESULTS_DIR: join(plan.dir, "results"),
      GENESIS_TRACES_FILE: traces,
      ...plan.settings,
      NATS_URL: plan.natsUrl,
      GENESIS_HTTP_HOST: HOST,
      GENESIS_HTTP_PORT: String(plan.port),
      GENESIS_LOG_FORMAT: "json",
    }),
    stdio: ["ignore", log.fd, errors.fd, "ipc"],
  });
  log.close();
  errors.close();
  return { child, ready: readiness(child), tail: errors.tail };
}

function readiness(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.on("message", (message) => {
      if (isReady(message)) resolve(message.http);
    });
    child.once("exit", () => reject(new Error("ended before it was ready")));
    child.once("error", reject);
  });
}

function isReady(message: unknown): message is { ready: true; http: string } {
  if (typeof message !== "object" || message === null) return false;
  const { ready, http } = message as { ready?: unknown; http?: unknown };
  return ready === true && typeof http === "string" && URL.canParse(http);
}
