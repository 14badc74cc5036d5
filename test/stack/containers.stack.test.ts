import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { choosePorts } from "../../local/ports.ts";
import { childEnvironment, PROJECT_ROOT } from "../../shared/config.ts";
import { eventually } from "../support/eventually.ts";
import { genesis } from "../support/genesis.ts";

// The whole stack in containers, where there is a Docker daemon. A task is published from outside, and found from outside: its
// trace in Tempo, its numbers in Prometheus, both through Grafana, which alone is published.
const run = promisify(execFile);
const DAEMON_ANSWERS_MS = 10_000;
const BUILT_WITHIN_MS = 15 * 60_000;
const STOPPED_WITHIN_MS = 5 * 60_000;
const FOUND_WITHIN_MS = 2 * 60_000;

const hasDocker = await run("docker", ["info"], { timeout: DAEMON_ANSWERS_MS }).then(
  () => true,
  () => false,
);
const skip = hasDocker ? false : "not run: no Docker daemon answers";

let nats: string;
let grafana: string;
let env: NodeJS.ProcessEnv;

async function compose(timeout: number, ...args: string[]): Promise<void> {
  await run("docker", ["compose", "--project-name", "genesis-test", ...args], {
    cwd: PROJECT_ROOT,
    env,
    timeout,
  });
}

before(async () => {
  if (!hasDocker) return;
  const ports = await choosePorts(0, { services: 0, observe: false });
  nats = `nats://127.0.0.1:${ports.nats}`;
  grafana = `http://127.0.0.1:${ports.monitor}`;
  env = childEnvironment({ NATS_PORT: String(ports.nats), GRAFANA_PORT: String(ports.monitor) });
  await compose(BUILT_WITHIN_MS, "up", "--build", "--wait", "--scale", "htdag=3");
});
after(async () => {
  if (hasDocker) await compose(STOPPED_WITHIN_MS, "down", "--volumes");
});

/** What a data source answers, asked through Grafana as its pages do. */
async function ask<T>(
  source: "prometheus" | "tempo",
  path: string,
  query: Record<string, string>,
): Promise<T> {
  const parameters = new URLSearchParams(query);
  const response = await fetch(`${grafana}/api/datasources/proxy/uid/${source}/${path}?${parameters}`);
  assert.equal(response.status, 200);
  return (await response.json()) as T;
}

/** The first number that a query gives; 0 where it gives none. */
async function valueOf(query: string): Promise<number> {
  type Answer = { data: { result: { value: [number, string] }[] } };
  const { data } = await ask<Answer>("prometheus", "api/v1/query", { query });
  return Number(data.result[0]?.value[1] ?? 0);
}

test("a task that is published from outside is found again by its correlation id", { skip }, async () => {
  const { status, stdout, stderr } = await genesis([
    "submit",
    "--goal",
    "Launch a SaaS",
    "--nats",
    nats,
    "--wait",
    "--json",
  ]);
  assert.equal(status, 0, stderr);
  const { correlationId } = JSON.parse(stdout) as { correlationId: string };
  const q = `{ span.messaging.message.conversation_id = "${correlationId}" }`;
  await eventually(async () => {
    const { traces } = await ask<{ traces?: unknown[] }>("tempo", "api/search", { q });
    return traces?.length === 1;
  }, FOUND_WITHIN_MS);
});

test("every replica is fetched from, and runs are counted", { skip }, async () => {
  await eventually(async () => (await valueOf('count(up{job="htdag"} == 1)')) === 3, FOUND_WITHIN_MS);
  await eventually(async () => (await valueOf("sum(run_completed_total)")) >= 1, FOUND_WITHIN_MS);
});
