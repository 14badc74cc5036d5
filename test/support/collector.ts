import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { choosePorts } from "../../local/ports.ts";
import { toolPath } from "../../local/stack-tools.ts";
import { childEnvironment, PROJECT_ROOT } from "../../shared/config.ts";
import { loneProcess } from "./lone-process.ts";

/** A Collector as docker compose runs it: otel-collector.yaml alone, with its queue in a folder that outlives it. */
export type LoneCollector = {
  /** Where it takes spans over gRPC. */
  url: string;
  /** Where it takes them over HTTP. */
  http: string;
  start: () => Promise<void>;
  /** `kill -9`. */
  kill: () => Promise<void>;
  /** Kills it where it runs, and deletes its folder. */
  remove: () => Promise<void>;
};

/** How often it hands metrics on: as soon as its scrape_timeout lets it, since a test waits for them. */
const INTERVAL_SECONDS = 5;

const address = (port: number): string => `127.0.0.1:${port}`;

/** Addresses (`host:port`): of what stands in Tempo's and Prometheus' places, and of a service that metrics are fetched from. */
type Surroundings = { tempo: string; prometheus: string; service?: string };

/** Prepares a Collector. */
export async function loneCollector({ tempo, prometheus, service }: Surroundings): Promise<LoneCollector> {
  const { observe } = await choosePorts(0, { services: 0, observe: true });
  const dir = mkdtempSync(join(tmpdir(), "genesis-collector-"));
  const targets = join(dir, "targets.yaml");
  writeFileSync(
    targets,
    JSON.stringify(service === undefined ? [] : [{ targets: [service], labels: { job: "service" } }]),
  );
  const env = childEnvironment({
    COLLECTOR_GRPC_ADDRESS: address(observe.grpc),
    COLLECTOR_HTTP_ADDRESS: address(observe.http),
    COLLECTOR_HEALTH_ADDRESS: address(observe.health),
    COLLECTOR_QUEUE_DIR: join(dir, "queue"),
    COLLECTOR_FILES: join(PROJECT_ROOT, "deploy", "collector"),
    COLLECTOR_RETRY_INTERVAL: "1s",
    METRICS_INTERVAL: `${INTERVAL_SECONDS}s`,
    METRICS_INTERVAL_MS: String(INTERVAL_SECONDS * 1000),
    TARGETS_FILE: targets,
    TEMPO_ADDRESS: tempo,
    PROMETHEUS_ADDRESS: prometheus,
    SERVICES_IN_DNS: "",
  });
  const { started, kill } = loneProcess();
  return {
    url: `http://${address(observe.grpc)}`,
    http: `http://${address(observe.http)}`,
    start: async () => {
      const log = openSync(join(dir, "log"), "a");
      const args = ["--config", join(PROJECT_ROOT, "otel-collector.yaml")];
      const child = spawn(toolPath("otelcol", env), args, { env, stdio: ["ignore", log, log] });
      closeSync(log);
      const told = (): string => readFileSync(join(dir, "log"), "utf8");
      await started(child, `http://${address(observe.health)}/`, told);
    },
    kill,
    remove: async () => {
      await kill();
      rmSync(dir, { recursive: true });
    },
  };
}
