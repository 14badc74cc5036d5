import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { childEnvironment } from "../shared/config.ts";
import { MIN_MAX_PAYLOAD } from "../shared/contract/streams.ts";
import { openLog } from "./log-files.ts";
import { HOST } from "./ports.ts";
import type { Launched } from "./supervise.ts";
import { GENESIS } from "../shared/contract/command.ts";
import { answering, spawnTied } from "./tied-process.ts";

/** `durable`: acknowledged means on disk. `fast`: the broker syncs every two minutes, and a power cut loses what came since. */
export type Profile = "durable" | "fast";

/** What an instance's broker is made from. `dir` is absolute. */
export type BrokerPlan = { dir: string; port: number; monitorPort: number; profile: Profile };

/** Contract: about 1 GiB per million facts kept; this is room for a log that is full at its default size. */
const MEMORY_LIMIT = "2GiB";

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
  return `# Written by ${GENESIS} up at every start.
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
  const { url, monitor } = brokerUrls(plan);
  writeFileSync(config, brokerConfig(plan));
  const log = openLog(join(plan.dir, "logs", "nats-server.log"));
  const inherited = childEnvironment({});
  const env = { ...inherited, GOMEMLIMIT: inherited["GOMEMLIMIT"] ?? MEMORY_LIMIT };
  const child = spawnTied({ path: program, args: ["-c", config], env, log });
  return { child, ready: answering(child, `${monitor}/healthz`).then(() => url), tail: log.tail };
}
