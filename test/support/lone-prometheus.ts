import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prometheusFlags } from "../../local/observe.ts";
import { toolPath } from "../../local/stack-tools.ts";
import { childEnvironment } from "../../shared/config.ts";
import { loneProcess } from "./lone-process.ts";

/** A Prometheus as docker compose runs it, with its data in a folder that outlives it. */
export type LonePrometheus = {
  url: string;
  start: () => Promise<void>;
  /** `kill -9`. */
  kill: () => Promise<void>;
  /** Kills it where it runs, and deletes its folder. */
  remove: () => Promise<void>;
};

/** Prepares a Prometheus. @param port where it is to answer, on this machine */
export function lonePrometheus(port: number): LonePrometheus {
  const env = childEnvironment({});
  const storage = mkdtempSync(join(tmpdir(), "genesis-prometheus-"));
  const url = `http://127.0.0.1:${port}`;
  const { started, kill } = loneProcess();
  return {
    url,
    start: async () => {
      const args = prometheusFlags({ storage, port });
      const child = spawn(toolPath("prometheus", env), args, { env, stdio: "ignore" });
      await started(child, `${url}/-/ready`, () => `Prometheus ended: ${child.exitCode}`);
    },
    kill,
    remove: async () => {
      await kill();
      rmSync(storage, { recursive: true });
    },
  };
}
