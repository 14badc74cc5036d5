import assert from "node:assert/strict";
import { test } from "node:test";
import { foldRun } from "../../shared/domain/run.ts";
import { completed, modelLog, planned, RUN, step, submitted } from "../../test/support/model-log.ts";
import { dispatch, ended, skipped } from "../../test/support/sample-run.ts";
import { viewOf } from "../run-view.ts";
import { pageRun, pageSteps } from "./page-run.ts";

/** A run of one step that was done and one that was skipped, with what it cost. */
function finishedRun() {
  const log = modelLog();
  planned(log, [step("a", { title: "Count", maxAttempts: 3 }), step("b", { dependsOn: ["a"] })], {
    goal: "Count\nthe files",
    taskType: "count",
  });
  log.write(completed(dispatch(log, "a"), { text: "42 files" }));
  log.write(skipped(RUN, "b", "the run failed"));
  const usage = { inputTokens: 1200, outputTokens: 34, costMicroUsd: 5600 };
  const error = { code: "E_AGENT" as const, message: "It failed.", retryable: false, details: [] };
  log.write(ended(RUN, "failed", { counts: { completed: 1, failed: 0, skipped: 1 }, usage, error }));
  return foldRun(log.history());
}

test("the head of a page tells what was asked, how it went and what it took", () => {
  const view = viewOf(finishedRun(), 0)!;
  const { figures, blocks, ...head } = pageRun(view, ["t1"]);
  assert.deepEqual(head, { id: RUN, goal: "Count⏎the files", state: "failed", error: "E_AGENT It failed." });
  assert.deepEqual(figures, [
    ["took", "7 s"],
    ["steps", "1 completed, 1 skipped"],
    ["plan's score", "1.00 passed"],
    ["tokens", "1,234"],
    ["cost", "$0.0056"],
  ]);
  assert.deepEqual(blocks[0], {
    title: "Run",
    texts: ["Count⏎the files"],
    facts: [
      ["run", RUN],
      ["trace", "t1"],
      ["correlation", "correlation"],
      ["submitted", "2026-01-01T00:00:01.000Z"],
      ["due", "2026-01-01T01:00:00.000Z"],
      ["finished", "2026-01-01T00:00:08.000Z"],
      ["priority", "normal"],
      ["task type", "count"],
    ],
  });
});

test("every revision of the plan has a block with its scores, and what was found against it", () => {
  const log = modelLog();
  const task = log.write(submitted());
  const about = { run: RUN, rev: 0, tokens: [0], causationId: task.id };
  log.write({
    type: "plan.decomposed",
    ...about,
    data: { planner: { kind: "methods", methods: ["start"] }, steps: [step("a")] },
  });
  const findings = [
    { code: "E_NO_AGENT", step: "a", message: "Nobody takes it.", suggestion: "Add an agent." },
  ];
  const checks = [{ check: "solvability", passed: false, score: 0, findings }];
  const verdict = {
    planHash: "0".repeat(64),
    profile: "aop-v1",
    score: 0.4,
    parts: { quality: 0.5 },
    checks,
  };
  log.write({ type: "plan.rejected", ...about, data: { ...verdict, final: false } });
  log.write({
    type: "plan.decomposed",
    ...about,
    rev: 1,
    tokens: [1],
    data: { planner: { kind: "fallback" }, steps: [step("a")] },
  });
  const { blocks, figures, state } = pageRun(
    viewOf(foldRun(log.history()), Date.parse("2026-01-01T00:00:02Z"))!,
    ["t1", "t2"],
  );
  assert.deepEqual([state, figures[0], figures[1]], ["planning", ["took", "1 s"], ["tokens", "0"]]);
  assert.deepEqual(blocks.slice(1), [
    {
      title: "Plan, revision 1: not judged yet",
      isFolded: false,
      texts: [],
      facts: [
        ["planned by", "fallback"],
        ["steps", "1"],
      ],
    },
    {
      title: "Plan, revision 0: rejected with 0.40",
      isFolded: true,
      texts: ["E_NO_AGENT solvability: a: Nobody takes it. → Add an agent."],
      facts: [
        ["planned by", "methods start"],
        ["steps", "1"],
        ["profile", "aop-v1"],
        ["quality", "0.50"],
      ],
    },
  ]);
});

test("a step tells what became of it, and its decision", () => {
  const run = finishedRun();
  const [a, b] = pageSteps(run, viewOf(run, 0)!);
  assert.deepEqual([a!.id, a!.state, a!.isPrimitive, a!.summary], ["a", "completed", true, "worker · 1 s"]);
  assert.deepEqual(a!.blocks[0], {
    title: "Step a: completed",
    texts: ["Count"],
    facts: [
      ["task type", "noop"],
      ["agent", "worker"],
      ["attempts", "1 of at most 3"],
      ["output", "42 files"],
    ],
  });
  assert.deepEqual([a!.blocks[1]!.title, a!.blocks[1]!.texts![0]], ["Decision", "Goes to worker, by rule."]);
  assert.deepEqual(
    [b!.state, b!.summary, b!.blocks[0]!.facts],
    [
      "skipped",
      "worker",
      [
        ["task type", "noop"],
        ["agent", "worker"],
        ["after", "a"],
        ["reason", "the run failed"],
      ],
    ],
  );
});
