import { spawn, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { childEnvironment } from "../shared/config.ts";
import { MIN_MAX_PAYLOAD } from "../shared/contract/streams.ts";
import { openLog } from "./log-files.ts";
import { HOST } from "./ports.ts";
import type { Launched } from "./supervise.ts";

/** `durable`: acknowledged means on disk. `fast`: the broker syncs every two minutes, and a power cut loses what came since. */
export type Profile = "durable" | "fast";

/** What an instance's broker is made from. `dir` is absolute. */
export type BrokerPlan = { dir: string; port: number; monitorPort: number; profile: Profile };

const READY_POLL_MS = 20;
const PROBE_MS = 1000;
/** Contract: about 1 GiB per million facts kept; this is room for a log that is full at its default size. */
const MEMORY_LIMIT = "2GiB";

// Makes the broker end with its `up`, even with one that is killed: the shell's child waits for the end of a pipe that only `up`
// holds. The shell itself becomes the broker, so that its pid is the broker's.
const TIED_TO_UP = '(read -r _; kill -TERM $$) <&3 >/dev/null 2>&1 & exec "$0" "$@" 3<&-';

/** Where an instance's broker answers. */
export function brokerUrls({ port, monitorPort }: BrokerPlan): { url: string; monitor: string } {
  return { url: `nats://${HOST}:${port}`, monitor: `http://${HOST}:${monitorPort}` };
}

/** The files of an instance's broker. */
export function brokerFiles(dir: string): { config: string; store: string } {
  return { config: join(dir, "nats.conf"), store: join(dir, "jetstream") };
}

/** The broker's configuration, as text. */
export function brokerConfig({ dir, port, monitorPort, profile }: BrokerPlan): string {
  // nats-server makes the folder `jetstream` inside store_dir by itself.
  return `# Written by genesis up at every start.
server_name: genesis
listen: "${HOST}:${port}"
http: "${HOST}:${monitorPort}"
max_payload: ${MIN_MAX_PAYLOAD}
ping_interval: "5s"
ping_max: 2

jetstream {
  store_dir: ${JSON.stringify(dir)}${profile === "durable" ? "\n  sync_interval: always" : ""}
}
`;
}

/** Starts nats-server. It is ready when its own health check passes, JetStream's recovery included. @param program path of nats-server */
export function launchBroker(program: string, plan: BrokerPlan): Launched {
  const { config } = brokerFiles(plan.dir);
  writeFileSync(config, brokerConfig(plan));
  const log = openLog(join(plan.dir, "logs", "nats-server.log"));
  const inherited = childEnvironment({});
  const child = spawn("sh", ["-c", TIED_TO_UP, program, "-c", config], {
    detached: true,
    env: { ...inherited, GOMEMLIMIT: inherited["GOMEMLIMIT"] ?? MEMORY_LIMIT },
    stdio: ["ignore", log.fd, log.fd, "pipe"],
  });
  log.close();
  child.once("exit", () => child.stdio[3]?.destroy());
  return { child, ready: ready(child, plan), tail: log.tail };
}

async function ready(child: ChildProcess, plan: BrokerPlan): Promise<string> {
  const { url, monitor } = brokerUrls(plan);
  while (child.exitCode === null && child.signalCode === null) {
    const healthy = await fetch(`${monitor}/healthz`, { signal: AbortSignal.timeout(PROBE_MS) }).then(
      async (response) => (await response.json(), response.ok),
      () => false,
    );
    if (healthy) return url;
    await sleep(READY_POLL_MS);
  }
  throw new Error("ended before it was ready");
}
