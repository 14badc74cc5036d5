import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { PROJECT_ROOT } from "../shared/config.ts";
import { EVENT_TYPES } from "../shared/contract/events.ts";
import { consumers, EXECUTION_HANDLES, MIN_MAX_PAYLOAD, STAGE_READS } from "../shared/contract/streams.ts";
import { subjectsOf } from "../shared/contract/subjects.ts";
import { brokerConfig } from "../local/broker.ts";

// What can be known of deploy/ without the programs that it is for.
const text = (path: string): string => readFileSync(join(PROJECT_ROOT, path), "utf8");
// oxlint-disable-next-line typescript/no-explicit-any
const yaml = (path: string): any => parse(text(path));

test("every YAML file of deploy/ can be read", () => {
  const files = globSync("{deploy/**/*.{yaml,yml},*.{yaml,yml}}", { cwd: PROJECT_ROOT });
  assert.ok(files.length >= 10);
  for (const file of files) assert.ok(parse(text(file), { merge: true }), file);
});

test("the broker of the containers keeps what the local one keeps", () => {
  const config = text("deploy/nats/nats.conf");
  const local = brokerConfig({ dir: "/x", port: 1, monitorPort: 2, profile: "durable" });
  for (const line of [
    `max_payload: ${MIN_MAX_PAYLOAD}`,
    'ping_interval: "5s"',
    "ping_max: 2",
    "sync_interval: always",
  ]) {
    assert.ok(config.includes(line), line);
    assert.ok(local.includes(line), line);
  }
});

test("Tempo 3.0 is given no key that it dropped", () => {
  const tempo = yaml("deploy/tempo/tempo.yaml");
  for (const dropped of ["ingester", "ingester_client", "compactor", "metrics_generator_client"])
    assert.ok(!(dropped in tempo), dropped);
  assert.equal(tempo.storage.trace.backend, "local");
  assert.equal(tempo.distributor.receivers.otlp.protocols.grpc.endpoint, "0.0.0.0:4317");
});

test("Grafana's links lead to data sources that there are", () => {
  const { datasources } = yaml("deploy/grafana/provisioning/datasources/genesis.yaml");
  const uids = datasources.map(({ uid }: { uid: string }) => uid);
  assert.deepEqual(uids, ["prometheus", "tempo"]);
  const [prometheus, tempo] = datasources;
  assert.deepEqual(prometheus.jsonData.exemplarTraceIdDestinations, [
    { name: "trace_id", datasourceUid: "tempo" },
  ]);
  for (const link of [tempo.jsonData.serviceMap, tempo.jsonData.tracesToMetrics])
    assert.ok(uids.includes(link.datasourceUid));
});

test("the Collector without Docker differs from the one in containers by its file alone", () => {
  const whole = yaml("otel-collector.yaml");
  const local = yaml("deploy/collector/local.yaml");
  assert.deepEqual(Object.keys(local), ["exporters", "service"]);
  assert.deepEqual(Object.keys(local.exporters), ["file"]);
  // Where the file is rotated nothing is buffered, and whatever is said of flushing it is ignored.
  assert.deepEqual(Object.keys(local.exporters.file), ["path", "rotation"]);
  const { exporters } = whole.service.pipelines.traces;
  assert.deepEqual(
    local.service.pipelines.traces.exporters,
    exporters.map((name: string) => (name === "otlp_grpc/tempo" ? "file" : name)),
  );
});

test("beside execution at most one stage reads a message, which the two service graphs rely on", () => {
  const others = Object.entries(STAGE_READS).filter(([stage]) => stage !== "execution");
  const reads = others.flatMap<string>(([, types]) => types);
  assert.equal(new Set(reads).size, reads.length);
});

test("docker compose sets those variables of the Collector that have no default", () => {
  const variables = [...text("otel-collector.yaml").matchAll(/\$\{env:(\w+)(:-)?/g)];
  const without = variables.filter(([, , hasDefault]) => hasDefault === undefined).map(([, name]) => name);
  const { environment } = yaml("docker-compose.yml").services.collector;
  assert.deepEqual(without, ["SERVICES_IN_DNS"]);
  assert.deepEqual(Object.keys(environment), ["GOMEMLIMIT", ...without]);
});

/** The messages that a service graph is shown, as its processor puts it. */
function shownTo(graph: string): RegExp {
  const [statement] = yaml("otel-collector.yaml").processors[`transform/${graph}`].trace_statements;
  const [, pattern = ""] = /not IsMatch\(.*, "(.*)"\)$/.exec(statement) ?? [];
  return new RegExp(JSON.parse(`"${pattern}"`));
}

test("each service graph is shown the messages that somebody of it handles, and no others", () => {
  const subjects = subjectsOf("a-cell");
  const timer = { run: "r", kind: "deadline" } as const;
  const templates = [
    ...EVENT_TYPES.map((type) => subjects.allOf(type)),
    subjects.timerSet(timer),
    subjects.timerFired(timer),
    subjects.deadLetter("halo", "E_INTERNAL", "1"),
    subjects.claim("r", "s", 1, 2),
  ].map((subject) => subjects.template(subject));
  const others = consumers(subjects, [{ name: "an-agent", concurrency: 1 }])
    .filter(({ stream, durable }) => stream === "log" && durable !== "execution")
    .flatMap(({ filters }) => filters.map((filter) => subjects.template(filter)));
  const handled = {
    to_execution: EXECUTION_HANDLES.map((type) => subjects.template(subjects.allOf(type))),
    to_others: others,
  };
  for (const [graph, wanted] of Object.entries(handled)) {
    const shown = templates.filter((template) => shownTo(graph).test(template));
    assert.deepEqual(shown.toSorted(), [...new Set(wanted)].toSorted(), graph);
  }
});

test("what the Collector cannot deliver it keeps on disk, and never gives up", () => {
  const { exporters } = yaml("otel-collector.yaml");
  for (const [name, exporter] of Object.entries<Record<string, Record<string, unknown>>>(exporters)) {
    assert.equal(exporter["sending_queue"]!["storage"], "file_storage", name);
    assert.equal(exporter["retry_on_failure"]!["max_elapsed_time"], "0s", name);
  }
});

test("the Collector that is built here is of the version that the containers run", () => {
  const manifest = yaml("deploy/tools/collector/builder.yaml");
  assert.match(
    text("deploy/Dockerfile"),
    new RegExp(`opentelemetry-collector-contrib:${manifest.dist.version}`),
  );
  assert.match(
    text("deploy/tools/collector/go.mod"),
    new RegExp(`go.opentelemetry.io/collector/otelcol v${manifest.dist.version}`),
  );
  const [, prometheus = ""] = /prom\/prometheus:v3\.(\d+)\.\d+/.exec(text("docker-compose.yml")) ?? [];
  assert.match(
    text("deploy/tools/prometheus/go.mod"),
    new RegExp(`prometheus/prometheus v0\\.3${prometheus}\\.`),
  );
});

test("deploy/pin-images says that it needs buildx, before it changes anything", (t) => {
  const bin = mkdtempSync(join(tmpdir(), "genesis-no-buildx-"));
  t.after(() => rmSync(bin, { recursive: true }));
  writeFileSync(join(bin, "docker"), "#!/bin/sh\necho 'Usage:  docker [OPTIONS] COMMAND'\nexit 1\n", {
    mode: 0o755,
  });
  const files = ["docker-compose.yml", "deploy/Dockerfile"];
  const before = files.map(text);
  const { status, stdout, stderr } = spawnSync(join(PROJECT_ROOT, "deploy", "pin-images"), {
    env: { ...process.env, PATH: `${bin}:${process.env["PATH"]}` },
    encoding: "utf8",
  });
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(
    stderr,
    /^this asks the registries with docker buildx, and `docker buildx version` does not work here/,
  );
  assert.deepEqual(files.map(text), before);
});
