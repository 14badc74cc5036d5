import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { growthOf, linesOf, valueOf } from "../../test/support/metrics.ts";
import { TRACE_ID, delivered, recordSpans } from "../../test/support/spans.ts";
import { loadCatalog } from "../catalog/load.ts";
import { PROJECT_ROOT, readSettings } from "../config.ts";
import { ERRORS, GenesisError } from "../contract/errors.ts";
import type { ProcessedMessage } from "./message-attributes.ts";
import { processSpan, publishSpan } from "./messaging.ts";
import {
  collectProcessMetrics,
  countFromZero,
  exposition,
  purgeMetrics,
  readGauges,
  record,
  recordPoint,
  registerMetricsOf,
} from "./metrics.ts";
import { METRICS, SERVICE_LAYERS, type MetricRow, type Point } from "./names.ts";
import { applyObservation } from "./observation.ts";

before(() => {
  recordSpans();
  collectProcessMetrics();
  registerMetricsOf("halo");
});

test("a service shows its own metrics that count from zero, and not those of the others", async () => {
  assert.deepEqual(await linesOf("halo_decisions_unexplained_total"), ["halo_decisions_unexplained_total 0"]);
  assert.deepEqual(await linesOf("aop_redundant_total"), []);
});

const handle = (said: Partial<ProcessedMessage> = {}): Promise<void> =>
  processSpan(delivered(said), async () => {});

test("the exposition is OpenMetrics, with the process's own metrics", async () => {
  const { contentType, body } = await exposition();
  assert.equal(contentType, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  assert.ok(body.endsWith("# EOF\n"));
  assert.match(body, /^process_cpu_user_seconds_total \d/m);
  assert.match(body, /^nodejs_eventloop_lag_seconds \d/m);
});

test("a message that is handled is counted and timed", async () => {
  const consumed = `messaging_client_consumed_messages_total{template="genesis.v1.plan.decomposed",consumer="halo"}`;
  const timed = `messaging_process_duration_seconds_count{template="genesis.v1.plan.decomposed"}`;
  const waited = `messaging_queue_wait_seconds_count{template="genesis.v1.plan.decomposed"}`;
  const staged = `run_stage_duration_seconds_count{stage="halo"}`;
  for (const series of [consumed, timed, waited, staged])
    assert.equal(await growthOf(series, () => handle()), 1, series);
});

test("a failure is counted under its code", async () => {
  const series = `messaging_process_failures_total{template="genesis.v1.plan.decomposed",error_type="E_SCHEMA"}`;
  const grown = await growthOf(series, () =>
    processSpan(delivered(), () => Promise.reject(new GenesisError("E_SCHEMA"))).catch(() => {}),
  );
  assert.equal(grown, 1);
});

test("a redelivery is counted as one, and its wait is not taken for queueing", async () => {
  assert.equal(
    await growthOf(`messaging_redelivered_total{consumer="halo"}`, () => handle({ deliveryCount: 2 })),
    1,
  );
  assert.equal(
    await growthOf(`messaging_queue_wait_seconds_count{template="genesis.v1.plan.decomposed"}`, () =>
      handle({ deliveryCount: 2 }),
    ),
    0,
  );
});

test("a published message is counted", async () => {
  const message = { ...delivered(), template: "genesis.v1.plan.routed" };
  const series = `messaging_client_sent_messages_total{template="genesis.v1.plan.routed",error_type=""}`;
  assert.equal(await growthOf(series, () => publishSpan(message, async () => {})), 1);
});

test("the lanes of an agent are one consumer, and its stage is that of the agents", async () => {
  // What other tests of this process have recorded would take the room.
  purgeMetrics(0);
  const consumed = `messaging_client_consumed_messages_total{template="genesis.v1.plan.decomposed",consumer="agent-a-b"}`;
  assert.equal(await growthOf(consumed, () => handle({ consumer: "agent-a-b-high" })), 1);
  const staged = `run_stage_duration_seconds_count{stage="agents"}`;
  assert.equal(await growthOf(staged, () => handle({ consumer: "agent-a-b-low" })), 1);
  const timers = `run_stage_duration_seconds_count{stage="execution"}`;
  assert.equal(await growthOf(timers, () => handle({ consumer: "execution-timers" })), 1);
});

test("messages without a usable context are counted by what is wrong with it", async () => {
  for (const [reason, traceparent] of [
    ["missing", undefined],
    ["malformed", "garbage"],
  ] as const)
    assert.equal(
      await growthOf(`trace_context_invalid_total{reason="${reason}"}`, () => handle({ traceparent })),
      1,
    );
});

test("a number leads to a recorded trace, and never to one that was not", async () => {
  record("runsFinished", { outcome: "rejected" });
  const [without] = await linesOf(`run_completed_total{outcome="rejected"}`);
  assert.doesNotMatch(without!, /trace_id/);
  await processSpan(delivered(), async () => record("runsFinished", { outcome: "rejected" }));
  const [withTrace] = await linesOf(`run_completed_total{outcome="rejected"}`);
  assert.match(
    withTrace!,
    new RegExp(` # \\{trace_id="${TRACE_ID}",span_id="[0-9a-f]{16}"\\} 1 \\d+\\.\\d+$`),
  );
});

test("a value that a label may not take becomes other", async () => {
  const outcome = "vanished" as never;
  assert.equal(
    await growthOf(`run_completed_total{outcome="other"}`, () => record("runsFinished", { outcome })),
    1,
  );
});

test("100,000 distinct ids make no more series than the label may have values", async () => {
  // What other tests of this process have recorded would take the room.
  purgeMetrics(0);
  for (let i = 0; i < 100_000; i++) record("dispatched", { agent: `agent-${i}` });
  const series = await linesOf("exec_dispatched_total{");
  // The values of a label are shared by all metrics that have it, and so by other tests of this process.
  assert.ok(series.length <= 101 && series.length > 50, `${series.length} series`);
  assert.ok(series.some((line) => line.startsWith(`exec_dispatched_total{agent="other"} `)));
  purgeMetrics(0);
});

for (const service of Object.keys(SERVICE_LAYERS)) {
  test(`${service}: 100,000 ids in every label make fewer than 500 series, and no count is lost`, () => {
    const lines = linesOfProcess("fuzzed-metrics.ts", service);
    const series = lines.filter((line) => !line.startsWith("#"));
    assert.ok(series.length > 250 && series.length < 500, `${series.length} series`);
    const owners = new Set([service, "transport", "telemetry"]);
    const own = Object.values<MetricRow>(METRICS).filter(({ owner }) => owners.has(owner));
    for (const { name, kind } of own)
      assert.ok(lines.includes(`# TYPE ${name.replace(/_total$/, "")} ${kind}`), name);
    const recorded = own.filter(({ kind }) => kind !== "gauge").length;
    const published = series.filter((line) => line.startsWith("messaging_client_sent_messages_total"));
    const sum = published.reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
    assert.ok(Math.abs(sum - 100_000 / recorded) < 1);
  });
}

test("every shipped agent at work in one process, some of them failing, is seen by its name", () => {
  const lines = linesOfProcess("busy-agents-metrics.ts");
  const agents = loadCatalog(readSettings({}).catalog).agents.map(({ name }) => name);
  for (const name of agents)
    for (const metric of [
      "exec_step_duration_seconds_count",
      "exec_inflight",
      "gen_ai_cost_total",
      "nats_consumer_ack_pending",
    ])
      assert.ok(
        lines.some((line) => line.startsWith(`${metric}{`) && line.includes(`${name}"`)),
        `${metric} of ${name}`,
      );
  assert.ok(lines.includes("telemetry_series_refused_total 0"));
  const series = lines.filter((line) => !line.startsWith("#"));
  // All of Node's garbage collection may not have been seen yet.
  assert.ok(series.length < 490, `${series.length} series`);
});

/** The metrics of a process that was given one of the programs in test/support. */
function linesOfProcess(program: string, ...args: string[]): string[] {
  const main = join(PROJECT_ROOT, "test/support", program);
  const { stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
  assert.equal(stderr, "");
  return stdout.split("\n").filter(Boolean);
}

test("a label set that nothing is recorded under goes after its time, and makes room for others", async () => {
  purgeMetrics(0);
  for (let i = 0; i < 200; i++) record("dispatched", { agent: `early-${i}` });
  await sleep(20);
  record("dispatched", { agent: "early-7" });
  purgeMetrics(10);
  assert.deepEqual(
    (await linesOf("exec_dispatched_total{")).map((line) => line.split(" ")[0]),
    [`exec_dispatched_total{agent="early-7"}`],
  );
  record("dispatched", { agent: "late" });
  assert.equal(await valueOf(`exec_dispatched_total{agent="late"}`), 1);
});

test("a metric whose label values are all listed keeps its series: it cannot grow", async () => {
  record("runsFinished", { outcome: "expired" });
  await sleep(5);
  purgeMetrics(1);
  assert.equal((await linesOf(`run_completed_total{outcome="expired"}`)).length, 1);
});

test("a counter whose label values are all listed is there from the start, at 0: its first step is growth", async () => {
  assert.deepEqual(await linesOf("halo_unrouted_total{"), [
    `halo_unrouted_total{reason="no_agent"} 0`,
    `halo_unrouted_total{reason="unfit"} 0`,
    `halo_unrouted_total{reason="too_large"} 0`,
  ]);
  const codes = (await linesOf("messaging_dlq_total{")).map((line) => line.split(`"`)[1]);
  assert.deepEqual(codes, Object.keys(ERRORS));
});

test("a counter that was begun at 0 stays as it is, however long nothing is added to it", async () => {
  purgeMetrics(0);
  countFromZero("cost", { agent: "idle" });
  assert.deepEqual(await linesOf("gen_ai_cost_total{"), [`gen_ai_cost_total{agent="idle"} 0`]);
  record("cost", { agent: "idle" }, 6);
  await sleep(5);
  assert.equal(purgeMetrics(1), 0);
  assert.deepEqual(await linesOf("gen_ai_cost_total{"), [`gen_ai_cost_total{agent="idle"} 6`]);
});

/** A gauge reader for one test. */
async function withGauges<T>(read: () => Promise<readonly Point[]>, fn: () => Promise<T>): Promise<T> {
  const stop = readGauges(read);
  try {
    return await fn();
  } finally {
    stop();
  }
}

const broken = (): Promise<never> => Promise.reject(new Error("no broker"));
const pending = (consumer: string, value: number): Point => {
  return { metric: "consumerPending", labels: { consumer }, value };
};

test("gauges are read when somebody looks, once for all who look at the same time, and hold for a while", async () => {
  let reads = 0;
  const read = async (): Promise<Point[]> => [pending("halo", ++reads)];
  await withGauges(read, async () => {
    await Promise.all([exposition(), exposition()]);
    assert.equal(await valueOf(`nats_consumer_pending{consumer="halo"}`), 1);
  });
  assert.equal(reads, 1);
});

test("what cannot be read is not there, and what does not answer is not waited for", async () => {
  const failures = "telemetry_observe_failures_total";
  assert.equal(await growthOf(failures, () => withGauges(broken, exposition)), 1);
  const began = performance.now();
  assert.equal(await growthOf(failures, () => withGauges(() => new Promise(() => {}), exposition)), 0);
  assert.ok(performance.now() - began < 2000);
  assert.deepEqual(await linesOf("nats_consumer_pending{"), []);
});

test("a gauge that is not told any more is gone", async () => {
  await withGauges(async () => [pending("gone", 4)], exposition);
  assert.deepEqual(await linesOf("nats_consumer_pending{"), []);
});

test("the points of an observation are recorded, and a bad one is counted instead of thrown", async () => {
  const passed = `aop_checks_total{check="structure",result="passed"}`;
  const point = { metric: "checks", labels: { check: "structure", result: "passed" }, value: 1 } as const;
  assert.equal(await growthOf(passed, () => recordPoint(point)), 1);
  assert.equal(await growthOf(passed, () => applyObservation(() => ({ points: [point, point] }))), 2);
  assert.equal(
    await growthOf("telemetry_observe_failures_total", () =>
      applyObservation(() => ({ points: [{ ...point, value: Number.NaN }] })),
    ),
    1,
  );
});
