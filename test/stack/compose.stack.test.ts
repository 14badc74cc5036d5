import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { before, test } from "node:test";
import { SERVICES } from "../../local/service.ts";
import { PROJECT_ROOT, readSettings } from "../../shared/config.ts";
import { composeConfig, type Compose, type Container } from "../support/compose.ts";

// What docker-compose.yml comes to, as Docker's own reader sees it. No container is started here.
let compose: Compose;
let containers: [string, Container][];
/** Those that are ours, all of one image. */
const OURS = SERVICES.map(({ name }) => name);
/** Their images hold no program that could ask them. */
const CANNOT_BE_ASKED = ["collector", "tempo"];
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
    // Every image names an ordinary user; nothing here says otherwise.
    assert.equal(container.user, undefined, name);
    for (const { type, target, read_only: readOnly } of container.volumes ?? [])
      if (type === "bind") assert.equal(readOnly, true, `${name} ${target}`);
  });
});

test("memory, processes and logs are bounded", () => {
  each(({ mem_limit: memory, pids_limit: pids, logging }, name) => {
    assert.ok(Number(memory) >= 128 * 1024 ** 2 && Number(memory) <= 3 * 1024 ** 3, `${name} ${memory}`);
    assert.equal(pids, 100, name);
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
  assert.equal(compose.services["grafana"]!.depends_on?.["prometheus"]?.condition, "service_healthy");
});

test("everything that can be asked is asked how it is, the services for /readyz", () => {
  each(({ healthcheck }) => {
    assert.deepEqual(healthcheck?.test?.slice(0, 3), ["CMD", "node", "-e"]);
    assert.match(healthcheck.test[3]!, /^fetch\("http:\/\/127\.0\.0\.1:9464\/readyz"\)/);
  }, OURS);
  each(({ healthcheck }, name) => {
    const isAsked = healthcheck?.test !== undefined && healthcheck.test[0] === "CMD";
    assert.equal(isAsked, ![...CANNOT_BE_ASKED, "setup"].includes(name), name);
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

test("who need not talk cannot: only the services are on both networks", () => {
  for (const name of OURS) assert.deepEqual(networksOf(name), ["bus", "telemetry"]);
  for (const name of ["nats", "setup"]) assert.deepEqual(networksOf(name), ["bus"]);
  for (const name of ["collector", "prometheus", "tempo", "grafana"])
    assert.deepEqual(networksOf(name), ["telemetry"]);
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
  const closed = await composeConfig(files, { GRAFANA_PASSWORD_FILE: "package.json" });
  const { environment = {}, secrets, ports } = closed.services["grafana"]!;
  assert.equal(environment["GF_AUTH_ANONYMOUS_ENABLED"], "false");
  assert.equal(environment["GF_SECURITY_ADMIN_PASSWORD__FILE"], "/run/secrets/grafana-password");
  assert.deepEqual(
    secrets?.map(({ source }) => source),
    ["grafana-password"],
  );
  assert.equal(ports?.[0]?.host_ip, "127.0.0.1");
});
