import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { toolDir } from "../../local/stack-tools.ts";
import { childEnvironment } from "../../shared/config.ts";
import { ALERT_FILES, alertsOf, firesAfterSeconds, PROMETHEUS_DIR } from "../support/alerts.ts";
import { eventually } from "../support/eventually.ts";
import { startInstance, type Instance } from "../support/instance.ts";
import { allFinished } from "../support/load.ts";
import { prometheusAt } from "../support/prometheus.ts";

// The alerts in promtool; and those that fire soon on a real instance, without a fault and then with one each.
const run = promisify(execFile);
const ALERTS = ALERT_FILES.flatMap(alertsOf);
const SOON_SECONDS = 120;
/** Fetched, computed, and held for a minute, on a machine that is busy. */
const FIRES_WITHIN_MS = 150_000;
const LAST_WITHIN_MS = 60_000;
const TASKS = ["flow_chain", "flow_fan", "flow_retry", "flow_fail"];
/** Counters that begin with a fault which is not planted here. */
const NOT_HERE = [
  "messaging_redelivered_total",
  "otelcol_exporter_send_failed_spans_total",
  "otelcol_exporter_enqueue_failed_spans_total",
  "otelcol_connector_servicegraph_dropped_spans_total",
];

/** What tells that a process is not there. */
const DOWN = ["ScrapeTargetDown", "StageDown"];

let instance: Instance;
/** A catalogue that is spoiled later. */
let catalog: string;
let prometheus: ReturnType<typeof prometheusAt>;

before(async () => {
  catalog = await mkdtemp(join(tmpdir(), "genesis-catalog-"));
  await cp(join(import.meta.dirname, "..", "traces", "catalog"), catalog, { recursive: true });
  instance = await startInstance({ observe: true, catalogs: [catalog] });
  prometheus = prometheusAt(instance.observers().prometheus);
  await allFinished(instance.client, await submitAll(TASKS), LAST_WITHIN_MS);
});
after(async () => {
  await instance?.stop();
  await rm(catalog, { recursive: true, force: true });
});

async function submitAll(taskTypes: readonly string[]): Promise<string[]> {
  const replies = await Promise.all(
    taskTypes.map((taskType) =>
      instance.client.submit({ goal: "go", taskType, input: { costMicroUsd: 70 } }),
    ),
  );
  return replies.map(({ run: id }) => id!);
}

const firing = async (): Promise<string[]> =>
  [
    ...new Set(
      (await prometheus.query('ALERTS{alertstate="firing"}')).map(({ labels }) => labels["alertname"]!),
    ),
  ].toSorted();

for (const file of [...ALERT_FILES, "recorded.yaml"]) {
  test(`promtool: every case of ${file} comes true`, async () => {
    const promtool = join(toolDir("prometheus", childEnvironment({})), "promtool");
    const { stdout } = await run(promtool, ["test", "rules", file], { cwd: join(PROMETHEUS_DIR, "tests") });
    assert.match(stdout, /SUCCESS/);
  });
}

test("without a fault, only the alert that says that all is well fires", async () => {
  const [{ value: runs } = { value: 0 }] = await eventually(async () => {
    const found = await prometheus.query("sum(run_completed_total)");
    return found[0]?.value === TASKS.length && found;
  }, LAST_WITHIN_MS);
  assert.equal(runs, TASKS.length);
  const heardMs = Date.now();
  await eventually(async () => {
    const rules = (await prometheus.rules()).filter(({ type }) => type === "alerting");
    return (
      rules.length === ALERTS.length &&
      rules.every(({ lastEvaluation }) => Date.parse(lastEvaluation) > heardMs)
    );
  }, LAST_WITHIN_MS);
  // A rule is told to be evaluated a moment before its alerts are stored.
  await eventually(async () => (await firing()).length > 0, LAST_WITHIN_MS);
  assert.deepEqual(await firing(), ["DeadMan"]);
});

test("each alert that can fire within two minutes does, for its fault, and no other", async () => {
  const soon = ALERTS.filter((alert) => firesAfterSeconds(alert) < SOON_SECONDS).map(({ alert }) => alert);
  await instance.client.task("{ this is no task");
  await allFinished(instance.client, await submitAll(["flow_unfit", "flow_spend"]), LAST_WITHIN_MS);
  const goOn = instance.freeze("aop");
  const expected = ["DeadLettersGrowing", "DeadMan", "ScrapeTargetDown", "StageDown", "UnroutedTasks"];
  assert.deepEqual(soon.toSorted(), expected);
  await eventually(async () => (await firing()).length >= expected.length, FIRES_WITHIN_MS).catch(() => {});
  assert.deepEqual(await firing(), expected);
  const [down] = await prometheus.query('ALERTS{alertname="ScrapeTargetDown"}');
  assert.equal(down?.labels["job"], "aop");
  goOn();
  await eventually(async () => !(await firing()).some((name) => DOWN.includes(name)), LAST_WITHIN_MS);
});

test("a stage that is gone for good is missed, although nobody asks it any more", async () => {
  await writeFile(join(catalog, "agents.yaml"), "{ no catalogue");
  instance.kill("halo");
  await eventually(async () => (await firing()).includes("StageDown"), FIRES_WITHIN_MS);
  assert.deepEqual(
    (await prometheus.query('ALERTS{alertname=~"StageDown|ScrapeTargetDown",alertstate="firing"}')).map(
      ({ labels }) => [labels["alertname"], labels["job"]],
    ),
    [["StageDown", "halo"]],
  );
  assert.deepEqual(await prometheus.query('up{job="halo"}'), []);
});

test("every alert's question has an answer, and asks for metrics that are there", async () => {
  const rules = await prometheus.rules();
  // The ratios over days are computed every four minutes alone.
  const recorded = rules.filter(({ type }) => type === "recording").map(({ name }) => name);
  const stored = new Set([...(await prometheus.metricNames()), ...recorded]);
  for (const { alert, expr } of ALERTS) {
    assert.ok(Array.isArray(await prometheus.query(expr)), alert);
    const asked =
      expr.match(
        /\b(?:up|slo:[\w:]+|[a-z_]+_(?:total|bucket|count|inflight|capacity|pending|healthy|start_time_seconds))(?=[{[) ])/g,
      ) ?? [];
    assert.ok(asked.length > 0, alert);
    assert.deepEqual(
      asked.filter((name) => !stored.has(name) && !NOT_HERE.includes(name)),
      [],
      alert,
    );
  }
  // What tells how old a process is bears the labels of what it counted.
  for (const joined of [
    "messaging_dlq_total and on (job, instance) process_start_time_seconds",
    "otelcol_exporter_queue_size and on (job, instance) otelcol_process_uptime_seconds_total",
  ])
    assert.ok((await prometheus.query(joined)).length > 0, joined);
  assert.deepEqual(
    rules.filter(({ health }) => health === "err"),
    [],
  );
});
