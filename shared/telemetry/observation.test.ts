import { SpanStatusCode } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { growthOf } from "../../test/support/metrics.ts";
import { delivered, endOf, recordSpans, spansOf, startOf } from "../../test/support/spans.ts";
import { createLog, useLog } from "./logging.ts";
import { processSpan } from "./messaging.ts";
import { applyObservation } from "./observation.ts";
import { part } from "./parts.ts";
import type { Observation } from "./names.ts";

before(recordSpans);

const observed = (observation: Observation, decide = (): void => {}) =>
  spansOf(() =>
    processSpan(delivered(), async () => {
      decide();
      applyObservation(() => observation);
    }),
  );

test("an observation describes the message's span, and its parts with their events", async () => {
  const event = { name: "halo.candidate", attributes: { "halo.candidate.agent": "a" } } as const;
  const [process, route] = await observed(
    {
      attributes: { "halo.task_count": 2 },
      parts: [
        { part: "halo.route", attributes: { "halo.unrouted_count": 0 }, events: [event] },
        { part: "aop.validate", attributes: { "aop.passed": true } },
      ],
    },
    () => part("halo.route", () => {}),
  );
  assert.equal(process!.attributes["halo.task_count"], 2);
  assert.equal(route!.attributes["halo.unrouted_count"], 0);
  assert.deepEqual(
    route!.events.map(({ name, attributes }) => ({ name, attributes })),
    [event],
  );
});

test("an error's code among the attributes makes the span a failed one", async () => {
  const [span] = await observed({ attributes: { "error.type": "E_AGENT" } });
  assert.deepEqual(span!.status, { code: SpanStatusCode.ERROR, message: "E_AGENT" });
});

test("its points are recorded", async () => {
  const points = [{ metric: "planDepth", labels: {}, value: 3 }] as const;
  assert.equal(await growthOf("htdag_depth_count", () => observed({ points })), 1);
});

test("its lines are warnings in the log of the process", async () => {
  const written: string[] = [];
  useLog(
    createLog(
      { service: "execution", level: "info", format: "json" },
      { write: (line) => written.push(line) },
    ),
  );
  const fields = { event: "step_failed", step: "a", attempt: 2, code: "E_TIMEOUT" } as const;
  await observed({ lines: [{ fields, message: "the attempt was given up" }] });
  const { level, event, step, attempt, code, run } = JSON.parse(written[0]!);
  assert.deepEqual([level, event, step, attempt, code], ["warn", "step_failed", "a", 2, "E_TIMEOUT"]);
  assert.equal(run, "run-1");
});

test("a summary is a span of its own: from when it began until now, under what it tells of", async () => {
  const startMs = Date.now() - 5000;
  const under = { traceparent: "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01" };
  const attributes = { "gen_ai.workflow.name": "genesis", "error.type": "E_TIMEOUT" };
  const spans = await observed({ summary: { span: "invoke_workflow", attributes, startMs, under } });
  const summary = spans.find(({ name }) => name === "invoke_workflow genesis");
  assert.equal(summary!.spanContext().traceId, "a".repeat(32));
  assert.equal(summary!.parentSpanContext?.spanId, "b".repeat(16));
  assert.equal(startOf(summary!), startMs);
  assert.ok(endOf(summary!) - startMs >= 5000);
  assert.equal(summary!.status.code, SpanStatusCode.ERROR);
  assert.equal(summary!.attributes["genesis.layer"], "ORCHESTRATION");
});

test("the summary of a run that is not sampled is not recorded", async () => {
  const under = { traceparent: "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-00" };
  const spans = await observed({ summary: { span: "invoke_workflow", attributes: {}, startMs: 1, under } });
  assert.equal(spans.length, 1);
});

test("an observation that throws is counted, and does not touch the work", async () => {
  const grown = await growthOf("telemetry_observe_failures_total", async () => {
    const result = await processSpan(delivered(), async () => {
      applyObservation(() => {
        throw new Error("a bug in observe.ts");
      });
      return "done";
    });
    assert.equal(result, "done");
  });
  assert.equal(grown, 1);
});
