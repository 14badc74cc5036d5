import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { before, test } from "node:test";
import { PROMETHEUS_FLAGS } from "../../local/observe.ts";
import { SERVICES } from "../../local/service.ts";
import { PROJECT_ROOT, readSettings } from "../../shared/config.ts";
import { composeConfig, type Compose, type Container } from "../support/compose.ts";

// What docker-compose.yml comes to, as Docker's own reader sees it. No container is started here.
let compose: Compose;
let containers: [string, Container][];
/** Those that are ours, all of one image. */
const OURS = SERVICES.map(({ name }) => name);
/** Its image holds nothing but the Collector, which cannot ask itself. */
const CANNOT_BE_ASKED = ["collector"];
/** The ordinary user of each image that is not ours. */
const USERS: Readonly<Record<string, string>> = {
  collector: "10001:10001",
  grafana: "472:0",
  prometheus: "65534:65534",
  tempo: "10001:10001",
};
/** Where each container keeps what must outlive it, and the file that says that it does so there. */
const KEPT: Readonly<Record<string, { volume: string; target: string; said: [file: string, text: string] }>> =
  {
    agents: {
      volume: "results",
      target: "/var/lib/genesis/results",
      said: ["docker-compose.yml", "GENESIS_RESULTS_DIR: /var/lib/genesis/results"],
    },
    collector: {
      volume: "queue",
      target: "/var/lib/otelcol",
      said: ["otel-collector.yaml", "/var/lib/otelcol"],
    },
    // Its image's own default (GF_PATHS_DATA).
    grafana: {
      volume: "grafana",
      target: "/var/lib/grafana",
      said: ["docker-compose.yml", "/var/lib/grafana"],
    },
    nats: { volume: "jetstream", target: "/var/lib/nats", said: ["deploy/nats/nats.conf", "/var/lib/nats"] },
    prometheus: {
      volume: "metrics",
      target: "/prometheus",
      said: ["docker-compose.yml", "--storage.tsdb.path=/prometheus"],
    },
    tempo: { volume: "traces", target: "/var/tempo", said: ["deploy/tempo/tempo.yaml", "path: /var/tempo/"] },
  };
const EXACT_IMAGE = /^[a-z0-9./-]+:v?\d+\.\d+\.\d+(-[a-z0-9.-]+)?(@sha256:[0-9a-f]{64})?$/;
/** A service drains within 10 s; a container's grace should be 15. */
const LEAST_GRACE_SECONDS = 15;

before(async () => {
  compose = await composeConfig(["docker-compose.yml"]);
  containers = Object.entries(compose.services);
});

function each(check: (container: Container, name: string) => void, names?: readonly string[]): void {
  const meant = containers.filter(([name]) => names === undefined || names.includes(name));
  assert.ok(meant.length > 0);
  for (const [name, container] of meant) check(container, name);
}

const networksOf = (name: string): string[] => Object.keys(compose.services[name]!.networks).toSorted();

test("the whole of Genesis and the whole stack are there", () => {
  assert.deepEqual(
    containers.map(([name]) => name).toSorted(),
    [...OURS, "collector", "grafana", "nats", "prometheus", "setup", "tempo"].toSorted(),
  );
});

test("only Grafana and the bus are published, and only on this machine", () => {
  const published = containers.flatMap(([name, { ports = [] }]) =>
    ports.map(({ host_ip: host, target, published: port }) => `${name} ${host}:${port}:${target}`),
  );
  assert.deepEqual(published.toSorted(), ["grafana 127.0.0.1:3000:3000", "nats 127.0.0.1:4222:4222"]);
  each(({ network_mode: mode }, name) => assert.equal(mode, undefined, name));
});

test("no container can write but into its volumes and, where it needs that, /tmp; or has a capability or privilege", () => {
  const temporary = containers.filter(([, { tmpfs }]) => tmpfs !== undefined);
  assert.deepEqual(
    temporary.map(([name, { tmpfs }]) => [name, tmpfs]),
    [
      ["agents", ["/tmp"]],
      ["grafana", ["/tmp"]],
    ],
  );
  each((container, name) => {
    assert.equal(container.read_only, true, name);
    assert.deepEqual(container.cap_drop, ["ALL"], name);
    assert.equal(container.cap_add, undefined, name);
    assert.deepEqual(container.security_opt, ["no-new-privileges:true"], name);
    assert.ok(!container.privileged, name);
    assert.equal(container.user, USERS[name] ?? "1000:1000", name);
    for (const { type, target, read_only: readOnly } of container.volumes ?? [])
      if (type === "bind") assert.equal(readOnly, true, `${name} ${target}`);
  });
});

test("memory, processes and logs are bounded", () => {
  each(({ mem_limit: memory, pids_limit: pids, logging }, name) => {
    assert.ok(Number(memory) >= 128 * 1024 ** 2 && Number(memory) <= 3 * 1024 ** 3, `${name} ${memory}`);
    assert.equal(pids, 512, name);
    assert.deepEqual(logging, { driver: "json-file", options: { "max-size": "10m", "max-file": "3" } }, name);
  });
});

test("every image is of one exact version, those that are built too", () => {
  each(({ image }, name) => assert.match(image, EXACT_IMAGE, name));
  const dockerfile = readFileSync(join(PROJECT_ROOT, "deploy", "Dockerfile"), "utf8");
  const stages = new Set([...dockerfile.matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, stage]) => stage));
  for (const [, from = ""] of dockerfile.matchAll(/^FROM (\S+)/gm))
    if (!stages.has(from)) assert.match(from, EXACT_IMAGE);
  each(({ build }, name) => {
    if (build) assert.ok(stages.has(build.target) && build.dockerfile === "deploy/Dockerfile", name);
  });
});

test("the services are one image, with a command each", () => {
  each((container, name) => {
    assert.equal(container.build?.target, "services");
    assert.deepEqual(container.command, [`services/${name}/main.ts`]);
    assert.ok(existsSync(join(PROJECT_ROOT, container.command[0]!)));
  }, OURS);
  assert.deepEqual(compose.services["setup"]!.command, ["cli/genesis.js", "setup"]);
  assert.equal(compose.services["setup"]!.restart, "no");
});

test("the settings of the services are settings", () => {
  each(
    ({ environment = {} }) => {
      const given = Object.entries(environment).map(([key, value]) => [key, value ?? ""]);
      const settings = readSettings(Object.fromEntries(given) as NodeJS.ProcessEnv);
      assert.equal(settings.natsUrl, "nats://nats:4222");
      assert.equal(settings.otlpEndpoint, "http://collector:4317");
      assert.equal(settings.httpHost, "0.0.0.0");
    },
    [...OURS, "setup"],
  );
});

test("nobody starts before the broker is healthy and set up", () => {
  each(({ depends_on: after }) => {
    assert.equal(after?.["nats"]?.condition, "service_healthy");
    assert.equal(after?.["setup"]?.condition, "service_completed_successfully");
  }, OURS);
  assert.equal(compose.services["setup"]!.depends_on?.["nats"]?.condition, "service_healthy");
  for (const source of ["prometheus", "tempo"])
    assert.equal(compose.services["grafana"]!.depends_on?.[source]?.condition, "service_healthy");
});

test("everything that can be asked is asked how it is, the services for /readyz", () => {
  each(({ healthcheck }) => {
    assert.deepEqual(healthcheck?.test?.slice(0, 3), ["CMD", "node", "-e"]);
    assert.match(healthcheck.test[3]!, /^fetch\("http:\/\/127\.0\.0\.1:9464\/readyz"\)/);
  }, OURS);
  each(({ healthcheck }, name) => {
    const isAsked = healthcheck?.test !== undefined && healthcheck.test[0] === "CMD";
    assert.equal(isAsked, ![...CANNOT_BE_ASKED, "setup"].includes(name), name);
    if (!isAsked) return;
    const { interval, timeout, retries, start_interval: startInterval } = healthcheck;
    assert.deepEqual([interval, timeout, retries, startInterval], ["10s", "5s", 3, "1s"], name);
  });
});

test("the health check of a service tells ready from not ready", async () => {
  const script = compose.services["halo"]!.healthcheck!.test![3]!;
  let status = 200;
  const server = createServer((_, response) => response.writeHead(status).end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const exit = async (): Promise<unknown> =>
    (await once(spawn(process.execPath, ["-e", script.replace("9464", String(port))]), "exit"))[0];
  assert.equal(await exit(), 0);
  status = 503;
  assert.equal(await exit(), 1);
  server.close();
  server.closeAllConnections();
  assert.equal(await exit(), 1);
});

test("each has more time to stop than it needs", () => {
  each(({ stop_grace_period: grace = "" }, name) => {
    const [, minutes = 0, seconds = 0] = /^(?:(\d+)m)?(?:(\d+)s)?$/.exec(grace) ?? [];
    assert.ok(Number(minutes) * 60 + Number(seconds) >= LEAST_GRACE_SECONDS, `${name} ${grace}`);
  });
});

test("any service can be there several times", () => {
  each((container, name) => {
    assert.equal(container.container_name, undefined, name);
    assert.equal(container.ports, undefined, name);
  }, OURS);
  // Docker's DNS tells the addresses of all of them, and the Collector asks it.
  const found = compose.services["collector"]!.environment!["SERVICES_IN_DNS"]!;
  for (const name of OURS) assert.match(found, new RegExp(`\\b${name}\\b`));
});

test("who need not talk cannot: no service reaches what stands behind the Collector, nor Grafana the bus", () => {
  for (const name of OURS) assert.deepEqual(networksOf(name), ["bus", "telemetry"]);
  for (const name of ["nats", "setup"]) assert.deepEqual(networksOf(name), ["bus"]);
  assert.deepEqual(networksOf("collector"), ["observers", "telemetry"]);
  for (const name of ["prometheus", "tempo", "grafana"]) assert.deepEqual(networksOf(name), ["observers"]);
});

test("what must outlive a container is in a volume, at the place where the container keeps it", () => {
  const volumes = containers.flatMap(([name, { volumes: all = [] }]) =>
    all.filter(({ type }) => type === "volume").map(({ source, target }) => [name, source, target]),
  );
  assert.deepEqual(
    volumes.toSorted(),
    Object.entries(KEPT)
      .map(([name, { volume, target }]) => [name, volume, target])
      .toSorted(),
  );
  for (const { said } of Object.values(KEPT))
    assert.ok(readFileSync(join(PROJECT_ROOT, said[0]), "utf8").includes(said[1]), said.join(": "));
});

test("every file and folder that a command names is mounted", () => {
  const named = containers.flatMap(([name, { command }]) =>
    [...(command ?? []).join(" ").matchAll(/config(?:\.file)?[= ](\S+)/g)].map(([, path = ""]) => [
      name,
      path,
    ]),
  );
  assert.equal(named.length, 4);
  for (const [name = "", path = ""] of named) {
    const targets = compose.services[name]!.volumes!.map(({ source, target }) => [target, source]);
    const [target = "", source = ""] =
      targets.find(([mount = ""]) => `${path}/`.startsWith(`${mount}/`)) ?? [];
    assert.ok(existsSync(join(source, path.slice(target.length))), `${name} ${path}`);
  }
});

test("Prometheus is started as it is without Docker", () => {
  const flags = compose.services["prometheus"]!.command!;
  for (const flag of PROMETHEUS_FLAGS) assert.ok(flags.includes(flag), flag);
  assert.equal(flags.length, PROMETHEUS_FLAGS.length + 2, "its file and its folder");
});

test("every file that is mounted is there", () => {
  each(({ volumes = [] }) => {
    for (const { type, source } of volumes) if (type === "bind") assert.ok(existsSync(source), source);
  });
});

test("Grafana: whoever reaches it explores, nobody administers, and a login is one file away", async () => {
  const open = compose.services["grafana"]!.environment!;
  assert.equal(open["GF_AUTH_ANONYMOUS_ENABLED"], "true");
  assert.equal(open["GF_AUTH_ANONYMOUS_ORG_ROLE"], "Editor");
  assert.equal(open["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"], "true");
  assert.ok(!Object.keys(open).some((key) => key.includes("PASSWORD")));
  const files = ["docker-compose.yml", "deploy/login.yml"];
  await assert.rejects(composeConfig(files), /GRAFANA_PASSWORD_FILE|password of Grafana's admin/);
  const closed = await composeConfig(files, {
    GRAFANA_PASSWORD_FILE: "package.json",
    GRAFANA_HOST: "0.0.0.0",
    GRAFANA_PORT: "3333",
  });
  const { environment = {}, secrets, ports } = closed.services["grafana"]!;
  const changed = Object.entries(environment).filter(([key, value]) => open[key] !== value);
  assert.deepEqual(Object.fromEntries(changed), {
    GF_AUTH_ANONYMOUS_ENABLED: "false",
    GF_AUTH_DISABLE_LOGIN_FORM: "false",
    GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: "false",
    // Docker's reader prints a dollar sign as two, so that it can read it again.
    GF_SECURITY_ADMIN_PASSWORD: "$$__file{/run/secrets/grafana-password}",
  });
  assert.deepEqual(
    secrets?.map(({ source }) => source),
    ["grafana-password"],
  );
  const published = ports?.map(({ host_ip: host, published: port }) => `${host}:${port}`);
  assert.deepEqual(published, ["0.0.0.0:3333"]);
  const only = await composeConfig(files, { GRAFANA_PASSWORD_FILE: "package.json" });
  assert.equal(only.services["grafana"]!.ports?.[0]?.host_ip, "127.0.0.1");
});
