import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { childEnvironment, PROJECT_ROOT } from "../shared/config.ts";
import { openLog } from "./log-files.ts";
import { HOST, type ObservePorts } from "./ports.ts";
import type { LocalState } from "./state.ts";
import type { Launched, Program } from "./supervise.ts";
import { answering, spawnTied } from "./tied-process.ts";

/** What the Collector and Prometheus of an instance are made from. `dir` is absolute, `programs` are paths. */
export type ObservePlan = {
  dir: string;
  ports: ObservePorts;
  programs: { collector: string; prometheus: string };
};

/** How often metrics are fetched: more often than in containers, since somebody sits in front of it. */
export const INTERVAL_SECONDS = 5;
/** How Prometheus is started, beside where its configuration and its data are; the same in docker-compose.yml. */
export const PROMETHEUS_FLAGS = [
  "--web.enable-otlp-receiver",
  "--enable-feature=exemplar-storage",
  "--log.format=json",
];
/** What the Collector's memory_limiter leaves it, as in docker-compose.yml. */
const COLLECTOR_MEMORY = "400MiB";

/** Where an instance's Collector takes spans, and where its Prometheus answers. */
export function observeUrls({ ports }: Pick<ObservePlan, "ports">): NonNullable<LocalState["observe"]> {
  return {
    collector: `http://${HOST}:${ports.grpc}`,
    prometheus: `http://${HOST}:${ports.prometheus}`,
  };
}

/**
 * The settings that have a service send its spans to the Collector and nowhere else. Those for traces alone, because they go
 * before what a person's environment may say about all signals.
 */
export function exportSettings(plan: Pick<ObservePlan, "ports">): Record<string, string> {
  return {
    GENESIS_TRACES_FILE: "",
    OTEL_TRACES_EXPORTER: "otlp",
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: observeUrls(plan).collector,
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "grpc",
  };
}

/** What observes an instance, to be kept up. A failure to start is final: trying again changes nothing. */
export function observerPrograms(plan: ObservePlan): Program[] {
  return [
    { name: "prometheus", launch: () => launchPrometheus(plan), oneTry: true },
    { name: "otelcol", launch: () => launchCollector(plan), oneTry: true },
  ];
}

/** The Collector with the configuration of docker-compose.yml, and a file in Tempo's place. */
function launchCollector(plan: ObservePlan): Launched {
  const { dir, ports, programs } = plan;
  mkdirSync(join(dir, "traces"), { recursive: true });
  const log = openLog(join(dir, "logs", "otelcol.log"));
  const env = childEnvironment({
    COLLECTOR_GRPC_ADDRESS: `${HOST}:${ports.grpc}`,
    COLLECTOR_HTTP_ADDRESS: `${HOST}:${ports.http}`,
    COLLECTOR_HEALTH_ADDRESS: `${HOST}:${ports.health}`,
    COLLECTOR_QUEUE_DIR: join(dir, "collector", "queue"),
    COLLECTOR_FILES: join(PROJECT_ROOT, "deploy", "collector"),
    PROMETHEUS_ADDRESS: `${HOST}:${ports.prometheus}`,
    TARGETS_FILE: targetsFile(dir),
    TRACES_FILE: join(dir, "traces", "collector.jsonl"),
    METRICS_INTERVAL: `${INTERVAL_SECONDS}s`,
    METRICS_INTERVAL_MS: String(INTERVAL_SECONDS * 1000),
    SERVICES_IN_DNS: "",
    GOMEMLIMIT: COLLECTOR_MEMORY,
  });
  const configs = [
    join(PROJECT_ROOT, "otel-collector.yaml"),
    join(PROJECT_ROOT, "deploy", "collector", "local.yaml"),
  ];
  const args = configs.flatMap((path) => ["--config", path]);
  const child = spawnTied({ path: programs.collector, args, env, log });
  const url = observeUrls(plan).collector;
  return {
    child,
    ready: answering(child, `http://${HOST}:${ports.health}/`).then(() => url),
    tail: log.tail,
  };
}

/** The flags of a Prometheus with the configuration and rules of docker-compose.yml. @param at its folder and port */
export function prometheusFlags({ storage, port }: { storage: string; port: number }): string[] {
  return [
    `--config.file=${join(PROJECT_ROOT, "deploy", "prometheus", "prometheus.yaml")}`,
    `--storage.tsdb.path=${storage}`,
    ...PROMETHEUS_FLAGS,
    `--web.listen-address=${HOST}:${port}`,
  ];
}

function launchPrometheus(plan: ObservePlan): Launched {
  const { dir, ports, programs } = plan;
  const log = openLog(join(dir, "logs", "prometheus.log"));
  const url = observeUrls(plan).prometheus;
  const args = prometheusFlags({ storage: join(dir, "prometheus"), port: ports.prometheus });
  const child = spawnTied({ path: programs.prometheus, args, env: childEnvironment({}), log });
  return { child, ready: answering(child, `${url}/-/ready`).then(() => url), tail: log.tail };
}

/** Tells the Collector where to fetch metrics. It watches the file, and sees the old one or the new one. */
export function writeTargets(
  plan: Pick<ObservePlan, "dir" | "ports">,
  services: LocalState["services"],
): void {
  const sources = [...services, { name: "prometheus", http: observeUrls(plan).prometheus }];
  const targets = sources.map(({ name, http }) => ({
    targets: [new URL(http).host],
    labels: { job: name },
  }));
  const file = targetsFile(plan.dir);
  mkdirSync(join(plan.dir, "collector"), { recursive: true });
  writeFileSync(`${file}.draft`, `${JSON.stringify(targets, undefined, 2)}\n`);
  renameSync(`${file}.draft`, file);
}

const targetsFile = (dir: string): string => join(dir, "collector", "targets.json");
