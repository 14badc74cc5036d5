import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  DockerComposeEnvironment,
  Wait,
  getContainerRuntimeClient,
  type StartedDockerComposeEnvironment,
} from "testcontainers";
import { choosePorts } from "../../local/ports.ts";
import { PROJECT_ROOT } from "../../shared/config.ts";
import { METRIC_QUERIES, TRACE_QUERIES, promqlOf, traceqlOf } from "../support/dashboard-queries.ts";
import { FILES } from "../support/dashboard-panels.ts";
import { eventually } from "../support/eventually.ts";
import { genesis } from "../support/genesis.ts";

// The whole stack in containers, where there is a Docker daemon. A task is published from outside, and found from outside: its
// trace in Tempo, its numbers in Prometheus, both through Grafana, which alone is published.
const STARTED_WITHIN_MS = 5 * 60_000;
const BUILT_WITHIN_MS = 20 * 60_000;
const STOPPED_WITHIN_MS = 60_000;
const FOUND_WITHIN_MS = 2 * 60_000;

const hasDocker = await getContainerRuntimeClient().then(
  () => true,
  () => false,
);

const skip = hasDocker ? false : "not run: no Docker daemon answers";

let stack: StartedDockerComposeEnvironment | undefined;
let nats: string;
let grafana: string;
/** The run that is published, and what it is found by. */
let task: { run: string; correlationId: string };

before(
  async () => {
    if (!hasDocker) return;
    const ports = await choosePorts(0, { services: 0, observe: false });
    nats = `nats://127.0.0.1:${ports.nats}`;
    grafana = `http://127.0.0.1:${ports.monitor}`;
    stack = await new DockerComposeEnvironment(PROJECT_ROOT, "docker-compose.yml")
      .withBuild()
      .withEnvironment({ NATS_PORT: String(ports.nats), GRAFANA_PORT: String(ports.monitor) })
      .withClientOptions({ commandOptions: ["--scale", "htdag=3"] })
      .withWaitStrategy("setup-1", Wait.forOneShotStartup())
      .withStartupTimeout(STARTED_WITHIN_MS)
      .up();
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
    task = JSON.parse(stdout) as typeof task;
  },
  { timeout: BUILT_WITHIN_MS },
);
after(async () => {
  await stack?.down({ removeVolumes: true, timeout: STOPPED_WITHIN_MS });
});

/** What Grafana answers, asked as its pages do. */
async function ask<T>(path: string, query: Record<string, string> = {}): Promise<T> {
  const response = await fetch(`${grafana}/api/${path}?${new URLSearchParams(query)}`);
  assert.equal(response.status, 200, `${path}: ${await response.clone().text()}`);
  return (await response.json()) as T;
}

const inPrometheus = async (query: string): Promise<{ value: [number, string] }[]> => {
  type Answer = { data: { result: { value: [number, string] }[] } };
  return (await ask<Answer>("datasources/proxy/uid/prometheus/api/v1/query", { query })).data.result;
};
const inTempo = async (q: string): Promise<{ traceID: string }[]> =>
  (await ask<{ traces?: { traceID: string }[] }>("datasources/proxy/uid/tempo/api/search", { q })).traces ??
  [];
/** The first number that a query gives; 0 where it gives none. */
const valueOf = async (query: string): Promise<number> =>
  Number((await inPrometheus(query))[0]?.value[1] ?? 0);

test("a task that is published from outside is found again by its correlation id", { skip }, async () => {
  const q = `{ span.messaging.message.conversation_id = "${task.correlationId}" }`;
  const [found] = await eventually(async () => {
    const traces = await inTempo(q);
    return traces.length === 1 && traces;
  }, FOUND_WITHIN_MS);
  await ask(`datasources/proxy/uid/tempo/api/v2/traces/${found?.traceID}`);
});

test("every replica is fetched from, and runs are counted", { skip }, async () => {
  await eventually(async () => (await valueOf('count(up{job="htdag"} == 1)')) === 3, FOUND_WITHIN_MS);
  await eventually(async () => (await valueOf("sum(run_completed_total)")) >= 1, FOUND_WITHIN_MS);
});

test("Grafana has every dashboard, with the panels of its file", { skip }, async () => {
  for (const { uid, panels } of FILES.map(({ dashboard: made }) => made)) {
    const { dashboard } = await ask<{ dashboard: { panels: unknown[] } }>(`dashboards/uid/${uid}`);
    assert.equal(dashboard.panels.length, panels.length, uid);
  }
});

test(
  "every question of the dashboards to Prometheus is understood, and the overview is answered",
  { skip },
  async () => {
    for (const { text } of METRIC_QUERIES) await inPrometheus(promqlOf(text));
    const overview = METRIC_QUERIES.filter(({ dashboard }) => dashboard === "genesis-overview");
    const answered = async (): Promise<boolean> => {
      const answers = await Promise.all(overview.map(({ text }) => inPrometheus(promqlOf(text))));
      return answers.filter(({ length }) => length > 0).length > overview.length / 2;
    };
    await eventually(answered, FOUND_WITHIN_MS);
  },
);

for (const { panel, text } of TRACE_QUERIES.filter(({ text: q }) => q.startsWith("{"))) {
  test(`${panel}: ${text}`, { skip }, async () => {
    await eventually(async () => (await inTempo(traceqlOf(text, task.run))).length > 0, FOUND_WITHIN_MS);
  });
}
