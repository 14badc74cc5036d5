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
  const { parts, points } = observe(...judged([step("x", { taskType: "test" })]));
  const expected = {
    "genesis.revision": 0,
    "aop.passed": true,
    "aop.profile": "aop-v1",
    "aop.quality_score": 0.908,
  };
  assert.deepEqual(parts![0], { part: "aop.validate", attributes: expected });
  assert.deepEqual(
    parts!.slice(1, -1).map(({ part }) => part),
    [...CHECKS.map(({ name }) => `aop.check.${name}`), "aop.check.quality"],
  );
  assert.deepEqual(parts![1]!.attributes, {
    "aop.passed": true,
    "aop.check.score": 1,
    "aop.check.findings": 0,
  });
  assert.deepEqual(parts!.at(-1), {
    part: "aop.evaluate_quality",
    attributes: { "aop.profile": "aop-v1", "aop.quality_score": 0.908 },
    events: [
      {
        name: "gen_ai.evaluation.result",
        attributes: {
          "gen_ai.evaluation.name": "aop.quality",
          "gen_ai.evaluation.score.value": 0.908,
          "gen_ai.evaluation.score.label": "pass",
        },
      },
    ],
  });
  assert.deepEqual(points![0], {
    metric: "qualityScore",
    labels: { profile: "aop-v1", verdict: "passed" },
    value: 0.908,
  });
  assert.equal(points!.length, CHECKS.length + 2);
});

test("a rejection shows which checks failed", () => {
  const { parts, points } = observe(...judged([step("x", { taskType: "dance" })]));
  assert.equal(parts![0]!.attributes["aop.passed"], false);
  const failed = points!.filter((point) => point.metric === "checks" && point.labels.result === "failed");
  assert.deepEqual(
    failed.map((point) => point.metric === "checks" && point.labels.check),
    ["completeness"],
  );
});

test("what was found is counted by its code, and of repeated steps how many", () => {
  const twice = ["x", "y"].map((id) => step(id, { taskType: "test", title: "Do the very same thing" }));
  const { points = [] } = observe(...judged(twice));
  assert.deepEqual(
    points.filter(({ metric }) => metric === "planFailures" || metric === "redundant"),
    [
      { metric: "planFailures", labels: { type: "E_VALIDATION" }, value: 1 },
      { metric: "redundant", labels: {}, value: 1 },
    ],
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
