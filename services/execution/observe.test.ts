import assert from "node:assert/strict";
import { test } from "node:test";
import type { History } from "../../shared/contract/decider.ts";
import { GenesisError } from "../../shared/contract/errors.ts";
import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import { dispatched } from "../../test/support/facts.ts";
import { failed, modelLog, planned, RUN, step } from "../../test/support/model-log.ts";
import { dispatch, ended } from "../../test/support/sample-run.ts";
import { observe } from "./observe.ts";

const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/** A run whose step failed twice, and what its end shows. */
function observedEnd(data: Parameters<typeof ended>[2] = {}) {
  const log = modelLog();
  planned(log, [step("a", { maxAttempts: 2 })]);
  log.write(failed(dispatch(log, "a", 1)));
  const last = log.write(failed(dispatch(log, "a", 2)));
  return observe(last, [ended(RUN, "failed", data)], traced(log.history()));
}

/** The history of a run whose task was sent inside a trace. */
function traced(history: History): History {
  const events = history.events.map((event) =>
    event.type === "task.submitted" ? { ...event, traceparent: TRACEPARENT, tracestate: "vendor=1" } : event,
  );
  return { ...history, events };
}

test("a dispatch is counted for its agent, and told on the span; a run's first one is timed", () => {
  const log = modelLog();
  const { task, validated } = planned(log, [step("a"), step("b")]);
  const written = [dispatched(RUN, "a"), dispatched(RUN, "b")];
  const seconds = (validated.storedAtMs - task.storedAtMs) / 1000;
  assert.ok(seconds > 0);
  assert.deepEqual(observe(validated, written, log.history()), {
    attributes: { "genesis.dispatched_count": 2 },
    points: [
      { metric: "dispatched", labels: { agent: "worker" }, value: 1 },
      { metric: "dispatched", labels: { agent: "worker" }, value: 1 },
      { metric: "firstDispatchSeconds", labels: {}, value: seconds },
    ],
  });
});

test("later dispatches of a run are not timed", () => {
  const log = modelLog();
  planned(log, [step("a"), step("b")]);
  const event = dispatch(log, "a", 1);
  const { points } = observe(event, [dispatched(RUN, "b")], log.history());
  assert.deepEqual(points, [{ metric: "dispatched", labels: { agent: "worker" }, value: 1 }]);
});

test("an attempt that execution gives up has its line in the log", () => {
  const log = modelLog();
  planned(log, [step("a")]);
  const event = dispatch(log, "a", 2);
  const error = new GenesisError("E_TIMEOUT").toJSON();
  const written: NewEvent[] = [{ ...failed(event), data: { agent: "worker", error } }];
  assert.deepEqual(observe(undefined, written, log.history()).lines, [
    {
      fields: { event: "step_failed", step: "a", attempt: 2, agent: "worker", code: "E_TIMEOUT" },
      message: "the attempt was given up",
    },
  ]);
});

test("the end of a run is counted and timed, with its replans and the attempts of its steps", () => {
  assert.deepEqual(observedEnd({ usage: { costMicroUsd: 900 } }).points, [
    { metric: "runsFinished", labels: { outcome: "failed" }, value: 1 },
    { metric: "runCost", labels: {}, value: 900 },
    { metric: "runRounds", labels: {}, value: 0 },
    { metric: "runSeconds", labels: { outcome: "failed" }, value: 7 },
    { metric: "attempts", labels: {}, value: 2 },
  ]);
});

test("the end of a run writes its summary: under the task, from the storing of it, with what it came to", () => {
  const error = { code: "E_AGENT" as const, message: "", retryable: false, details: [] };
  const { summary, attributes } = observedEnd({
    error,
    counts: { completed: 1, failed: 2, skipped: 3 },
    usage: { inputTokens: 10, outputTokens: 5, costMicroUsd: 70 },
  });
  assert.deepEqual(attributes, { "genesis.outcome": "failed" });
  assert.deepEqual(summary, {
    span: "invoke_workflow",
    under: { traceparent: TRACEPARENT, tracestate: "vendor=1" },
    startMs: Date.parse("2026-01-01T00:00:01.001Z"),
    attributes: {
      "gen_ai.operation.name": "invoke_workflow",
      "gen_ai.workflow.name": "genesis",
      "gen_ai.conversation.id": "correlation",
      "genesis.run": RUN,
      "genesis.outcome": "failed",
      "genesis.rounds": 0,
      "genesis.steps.completed": 1,
      "genesis.steps.failed": 2,
      "genesis.steps.skipped": 3,
      "gen_ai.usage.input_tokens": 10,
      "gen_ai.usage.output_tokens": 5,
      "genesis.cost_micro_usd": 70,
      "aop.quality_score": 1,
      "error.type": "E_AGENT",
    },
  });
});

test("a run without any plan has a summary too", () => {
  const log = modelLog();
  const task: StoredEvent = planned(log, []).task;
  const history = { ...log.history(), events: [task] };
  const { summary } = observe(task, [ended(RUN, "cancelled")], history);
  assert.equal(summary?.under, undefined);
  assert.equal(summary?.attributes["aop.quality_score"], undefined);
  assert.equal(summary?.attributes["error.type"], undefined);
});
