import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventData } from "../../shared/contract/events.ts";
import { foldRun } from "../../shared/domain/run.ts";
import {
  completed,
  failed,
  modelLog,
  planned,
  RUN,
  step,
  submitted,
  type ModelLog,
} from "../../test/support/model-log.ts";
import { dispatch, ended, skipped } from "../../test/support/sample-run.ts";
import { viewOf } from "../run-view.ts";
import { PLAIN } from "./paint.ts";
import { endSummary } from "./summary.ts";

function summaryOf(log: ModelLog, outcome: EventData<"run.finished">["outcome"], counts = [0, 0, 0]): string {
  const [done = 0, lost = 0, left = 0] = counts;
  log.write(ended(RUN, outcome, { counts: { completed: done, failed: lost, skipped: left } }));
  return endSummary(viewOf(foldRun(log.history()), 0)!, PLAIN);
}

test("a run of simulated steps says so, and so does one of texts", () => {
  const log = modelLog();
  planned(log, [step("a"), step("b")]);
  for (const id of ["a", "b"]) log.write(completed(dispatch(log, id), { text: "a plan", simulated: true }));
  assert.equal(
    summaryOf(log, "completed", [2, 0, 0]),
    "completed after 8 s: 2 steps completed, all simulated",
  );

  const mixed = modelLog();
  planned(mixed, [step("a"), step("b"), step("c")]);
  mixed.write(completed(dispatch(mixed, "a"), { simulated: true }));
  mixed.write(completed(dispatch(mixed, "b"), { kind: "text", text: "a plan", simulated: false }));
  mixed.write(completed(dispatch(mixed, "c"), { files: 3 }));
  assert.equal(
    summaryOf(mixed, "completed", [3, 0, 0]),
    "completed after 10 s: 3 steps completed, 1 simulated, 1 text only",
  );
});

test("what failed is named with its code, what was skipped is counted", () => {
  const log = modelLog();
  planned(log, [
    step("list"),
    step("delivery", { onFailure: "skip" }),
    step("bill", { dependsOn: ["delivery"] }),
  ]);
  log.write(completed(dispatch(log, "list"), { files: 3 }));
  log.write(failed(dispatch(log, "delivery"), false));
  log.write(skipped(RUN, "bill", "delivery failed"));
  assert.equal(
    summaryOf(log, "completed", [1, 1, 1]),
    "completed after 9 s: 1 step completed, 1 failed (delivery: E_AGENT), 1 skipped",
  );
});

test("of many that failed the first are named", () => {
  const log = modelLog();
  const ids = ["a", "b", "c", "d"];
  planned(
    log,
    ids.map((id) => step(id)),
  );
  for (const id of ids) log.write(failed(dispatch(log, id), false));
  assert.match(summaryOf(log, "failed", [0, 4, 0]), /: 4 failed \(a: E_AGENT, b: E_AGENT, c: E_AGENT, …\)$/);
});

test("a goal that nothing fits is said to be planned by fallback", () => {
  const log = modelLog();
  const task = log.write(submitted());
  log.write({
    type: "plan.decomposed",
    run: RUN,
    rev: 0,
    tokens: [0],
    causationId: task.id,
    data: {
      planner: { kind: "fallback" },
      because: "no method or agent fits this goal",
      steps: [step("task")],
    },
  });
  assert.equal(
    summaryOf(log, "rejected"),
    "rejected after 2 s: no step was done; planned by fallback: no method or agent fits this goal",
  );
});
