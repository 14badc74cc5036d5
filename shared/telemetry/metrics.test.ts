import assert from "node:assert/strict";
import { before, test } from "node:test";
import { TRACE_ID, delivered, recordSpans } from "../../test/support/spans.ts";
import { GenesisError } from "../contract/errors.ts";
import { collectProcessMetrics, exposition, record, recordPoint } from "./metrics.ts";
import { processSpan, publishSpan, type ProcessedMessage } from "./messaging.ts";
import { applyObservation } from "./spans.ts";

before(() => {
  recordSpans();
  collectProcessMetrics();
});

/** The value of one series, 0 where it does not exist. The registry is shared by every test of the process. */
async function valueOf(series: string): Promise<number> {
  const line = (await linesOf(series)).find((candidate) => candidate.startsWith(`${series} `));
  return Number(line?.slice(series.length).split(" ")[1] ?? 0);
}

async function linesOf(start: string): Promise<string[]> {
  const { body } = await exposition();
  return body.split("\n").filter((line) => line.startsWith(start));
}

async function growthOf(series: string, fn: () => unknown): Promise<number> {
  const earlier = await valueOf(series);
  await fn();
  return (await valueOf(series)) - earlier;
}

const handle = (said: Partial<ProcessedMessage> = {}): Promise<void> =>
  processSpan(delivered(said), [], async () => {});

test("the exposition is OpenMetrics, with the process's own metrics", async () => {
  const { contentType, body } = await exposition();
  assert.equal(contentType, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  assert.ok(body.endsWith("# EOF\n"));
  assert.match(body, /^process_cpu_user_seconds_total \d/m);
  assert.match(body, /^nodejs_eventloop_lag_seconds \d/m);
});

test("a message that is handled is counted and timed", async () => {
  const consumed = `messaging_client_consumed_messages_total{template="genesis.v1.plan.decomposed",consumer="halo"}`;
  const timed = `messaging_process_duration_seconds_count{template="genesis.v1.plan.decomposed",error_type=""}`;
  const waited = `messaging_queue_wait_seconds_count{template="genesis.v1.plan.decomposed"}`;
  for (const series of [consumed, timed, waited])
    assert.equal(await growthOf(series, () => handle()), 1, series);
});

test("a failure is counted under its code", async () => {
  const series = `messaging_process_duration_seconds_count{template="genesis.v1.plan.decomposed",error_type="E_SCHEMA"}`;
  const grown = await growthOf(series, () =>
    processSpan(delivered(), [], () => Promise.reject(new GenesisError("E_SCHEMA"))).catch(() => {}),
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
  await processSpan(delivered(), [], async () => record("runsFinished", { outcome: "rejected" }));
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
  for (let i = 0; i < 100_000; i++) record("dispatched", { agent: `agent-${i}` });
  const series = await linesOf("exec_dispatched_total{");
  assert.equal(series.length, 101);
  assert.ok(series.some((line) => line.startsWith(`exec_dispatched_total{agent="other"} `)));
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
