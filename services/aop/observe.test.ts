import assert from "node:assert/strict";
import { test } from "node:test";
import { justRun } from "../../shared/contract/decider.ts";
import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import type { Step } from "../../shared/contract/plan.ts";
import { METRICS } from "../../shared/telemetry/names.ts";
import { modelLog, RUN, step, submitted } from "../../test/support/model-log.ts";
import { ORIGINAL_AGENTS, routedPlan } from "../../test/support/plans.ts";
import { CHECKS } from "./checks.ts";
import { decide } from "./decide.ts";
import { observe } from "./observe.ts";

/** A revision with these steps, and AOP's verdict on it. */
function judged(steps: Step[]): [StoredEvent<"plan.routed">, NewEvent[]] {
  const log = modelLog();
  const task = log.write(submitted());
  const about = { run: RUN, rev: 0, tokens: [0], causationId: task.id };
  log.write({ type: "plan.decomposed", ...about, data: { planner: { kind: "methods" }, steps } });
  const data = { rules: { version: "1", hash: "" }, registryHash: "", ...routedPlan(steps).routed };
  const routed = log.write({ type: "plan.routed", ...about, data }) as StoredEvent<"plan.routed">;
  const given = { event: routed, history: log.history(), agents: ORIGINAL_AGENTS };
  return [routed, decide(given, justRun).map(({ event }) => event)];
}

test("a verdict shows its score, its profile and the result of every check", () => {
  const { attributes, parts, points } = observe(...judged([step("x", { taskType: "test" })]));
  const expected = {
    "genesis.revision": 0,
    "aop.passed": true,
    "aop.profile": "aop-v1",
    "aop.quality_score": 0.908,
  };
  assert.deepEqual(attributes, expected);
  assert.deepEqual(parts, [
    { part: "aop.validate", attributes: expected },
    { part: "aop.evaluate_quality", attributes: { "aop.profile": "aop-v1", "aop.quality_score": 0.908 } },
  ]);
  assert.deepEqual(points![0], {
    metric: "qualityScore",
    labels: { profile: "aop-v1", verdict: "passed" },
    value: 0.908,
  });
  assert.equal(points!.length, CHECKS.length + 2);
});

test("a rejection shows which checks failed", () => {
  const { attributes, points } = observe(...judged([step("x", { taskType: "dance" })]));
  assert.equal(attributes?.["aop.passed"], false);
  const failed = points!.filter((point) => point.metric === "checks" && point.labels.result === "failed");
  assert.deepEqual(
    failed.map((point) => point.metric === "checks" && point.labels.check),
    ["completeness"],
  );
});

test("every check that there is has its value of the label", () => {
  const { points } = observe(...judged([step("x", { taskType: "test" })]));
  const checks = points!.flatMap((point) => (point.metric === "checks" ? [point.labels.check] : []));
  const known: readonly string[] = METRICS.checks.labels.check.values;
  assert.deepEqual(
    checks.filter((check) => !known.includes(check)),
    [],
  );
});

test("where no verdict was needed, none is shown", () => {
  const [routed] = judged([]);
  assert.deepEqual(observe(routed, []), {});
});
