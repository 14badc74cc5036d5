import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prometheusFlags } from "../../local/observe.ts";
import { toolPath } from "../../local/stack-tools.ts";
import { childEnvironment } from "../../shared/config.ts";
import { eventually } from "./eventually.ts";

/** A Prometheus as docker compose runs it, with its data in a folder that outlives it. */
export type LonePrometheus = {
  url: string;
  start: () => Promise<void>;
  /** `kill -9`. */
  kill: () => Promise<void>;
  /** Kills it where it runs, and deletes its folder. */
  remove: () => Promise<void>;
};

const READY_WITHIN_MS = 60_000;

/** Prepares a Prometheus. @param port where it is to answer, on this machine */
export function lonePrometheus(port: number): LonePrometheus {
  const env = childEnvironment({});
  const storage = mkdtempSync(join(tmpdir(), "genesis-prometheus-"));
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  };
  return {
    url,
    start: async () => {
      const started = spawn(toolPath("prometheus", env), prometheusFlags({ storage, port }), {
        env,
        stdio: "ignore",
      });
      child = started;
      await eventually(async () => {
        if (started.exitCode !== null) throw new Error(`Prometheus ended: ${started.exitCode}`);
        return (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok;
      }, READY_WITHIN_MS);
    },
    kill,
    remove: async () => {
      await kill();
      rmSync(storage, { recursive: true });
    },
  };
}
