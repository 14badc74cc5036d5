import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { History } from "../contract/decider.ts";
import type { StoredEvent } from "../contract/events.ts";
import {
  completed,
  failed,
  modelLog,
  planned,
  RUN,
  signalled,
  step,
  submitted,
  verdictOn,
  type ModelLog,
} from "../../test/support/model-log.ts";
import { foldRun, stateOf } from "./run.ts";

function dispatched(log: ModelLog, id: string, attempt: number, cause: StoredEvent): StoredEvent {
  const data = {
    planHash: "0".repeat(64),
    agent: "worker",
    taskType: "noop",
    title: id,
    input: {},
    results: {},
    deadline: cause.time,
    timeoutMs: 1,
    effectKey: id,
  };
  return log.write({
    type: "step.dispatched",
    run: RUN,
    step: id,
    attempt,
    tokens: [id, attempt, "worker", "normal"],
    causationId: cause.id,
    data,
  });
}

test("facts before the task, and after the end, change nothing", () => {
  const log = modelLog();
  log.write(signalled("cancel"));
  const { validated } = planned(log, [step("a")]);
  const a = dispatched(log, "a", 1, validated);
  log.write(completed(a));
  log.write({
    type: "run.finished",
    run: RUN,
    tokens: ["once"],
    causationId: a.id,
    data: { outcome: "completed", through: 7, counts: { completed: 1, failed: 0, skipped: 0 }, usage: {} },
  });
  log.write(failed(a));
  const run = foldRun(log.history());
  assert.equal(run.ending?.outcome, "completed");
  assert.equal(stateOf(run, "a").is, "completed");
  assert.equal(run.failures.size, 0);
});

test("the first terminal fact of a step decides, the later ones are late", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a", { onFailure: "continue" }), step("b")]);
  const a = dispatched(log, "a", 1, validated);
  log.write(failed(a, false));
  log.write(completed(a));
  assert.equal(stateOf(foldRun(log.history()), "a").is, "failed");
});

test("a retryable failure leaves the step retrying until its attempts are used up", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a", { maxAttempts: 2 })]);
  log.write(failed(dispatched(log, "a", 1, validated)));
  assert.equal(stateOf(foldRun(log.history()), "a").is, "retrying");
  log.write(failed(dispatched(log, "a", 2, validated)));
  assert.equal(stateOf(foldRun(log.history()), "a").is, "failed");
});

test("a final rejection ends the run rejected and says which findings", () => {
  const log = modelLog();
  const task = log.write(submitted());
  const finding = { code: "E_NO_AGENT", step: "a", message: "nobody" };
  const checks = [{ check: "solvability", passed: false, score: 0, findings: [finding] }];
  log.write({
    type: "plan.rejected",
    run: RUN,
    rev: 0,
    tokens: [0],
    causationId: task.id,
    data: { planHash: "0".repeat(64), profile: "aop-v1", score: 0, parts: {}, checks, final: true },
  });
  const { ending } = foldRun(log.history());
  assert.equal(ending?.outcome, "rejected");
  assert.deepEqual(ending?.error?.details, [{ path: "a", rule: "E_NO_AGENT" }]);
});

for (const type of ["plan.decomposed", "plan.routed", "plan.validated", "plan.rejected"] as const) {
  test(`an unreadable ${type} ends the run failed`, () => {
    const log = modelLog();
    log.write(submitted());
    const junk = log.spoil(type, "0");
    const { ending } = foldRun(log.history());
    assert.deepEqual([ending?.outcome, ending?.cause.id, ending?.error?.code], ["failed", junk, "E_JSON"]);
  });
}

test("an unreadable update, refusal or signal changes nothing", () => {
  const log = modelLog();
  log.write(submitted());
  for (const type of ["plan.update", "plan.refused", "run.signal"] as const) log.spoil(type, "x");
  assert.equal(foldRun(log.history()).ending, undefined);
});

const plain = (h: History): unknown => {
  const { plan, ...run } = foldRun(h);
  return { ...run, rev: plan?.rev, hash: plan?.hash };
};

test("any order of reading, with duplicates, folds to the same run", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a", { maxAttempts: 2 }), step("b", { dependsOn: ["a"] })]);
  log.write(failed(dispatched(log, "a", 1, validated)));
  const again = dispatched(log, "a", 2, validated);
  const done = log.write(completed(again));
  log.write(failed(again));
  log.write(completed(dispatched(log, "b", 1, done)));
  const history = log.history();
  fc.assert(
    fc.property(
      fc.shuffledSubarray([...history.events, ...history.events], { minLength: history.events.length * 2 }),
      (events) => {
        assert.deepEqual(plain({ ...history, events }), plain(history));
      },
    ),
  );
});

for (const type of ["step.dispatched", "step.failed", "step.skipped"] as const) {
  test(`an unreadable ${type} is the end of its step: nothing else can stand there`, () => {
    const log = modelLog();
    planned(log, [step("a")]);
    const rest = {
      "step.dispatched": ["a", "1", "worker", "normal"],
      "step.failed": ["a", "1"],
      "step.skipped": ["a"],
    }[type];
    log.spoil(type, ...rest);
    const run = foldRun(log.history());
    assert.deepEqual([stateOf(run, "a").is, run.ending?.outcome], ["failed", "failed"]);
  });
}

test("what is said of a step that is in no plan ends nothing", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a")]);
  log.write({ ...failed(dispatched(log, "a", 1, validated)), step: "nobody", tokens: ["nobody", 1] });
  assert.equal(foldRun(log.history()).ending, undefined);
});

test("a dispatch that was decided before the step's end does not set it to work again", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a", { maxAttempts: 2 }), step("b")]);
  const first = dispatched(log, "a", 1, validated);
  const failure = log.write(failed(first));
  log.write(completed(first));
  dispatched(log, "a", 2, failure);
  assert.equal(stateOf(foldRun(log.history()), "a").is, "completed");
});

test("the newest validated revision is in force, whatever the order of the verdicts", () => {
  const later = modelLog();
  const { task } = planned(later, [step("a")]);
  later.write(verdictOn(later, [step("a"), step("b")], { rev: 1, causationId: task.id }));
  assert.deepEqual([...foldRun(later.history()).plan!.steps.keys()], ["a", "b"]);

  const earlier = modelLog();
  const first = earlier.write(submitted());
  const old = verdictOn(earlier, [step("a")], { rev: 0, causationId: first.id });
  earlier.write(verdictOn(earlier, [step("b")], { rev: 1, causationId: first.id }));
  earlier.write(old);
  assert.deepEqual([...foldRun(earlier.history()).plan!.steps.keys()], ["b"]);
});
