import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { foldRun } from "../../shared/domain/run.ts";
import { handle } from "../../test/support/handle.ts";
import { completed, modelLog, planned, step } from "../../test/support/model-log.ts";
import { next } from "./next.ts";

/** How often something is looked up in a map: work that can be counted, and is the same on every machine. */
function lookUps(work: () => void): number {
  const { get } = Map.prototype;
  let count = 0;
  const counting = mock.method(Map.prototype, "get", function (this: Map<unknown, unknown>, key: unknown) {
    count++;
    return get.call(this, key);
  });
  try {
    work();
  } finally {
    counting.mock.restore();
  }
  return count;
}

/** A run whose steps were all dispatched, and gave their results in the order of the plan; with a step that waits for all of them or not. */
function answeredRun(size: number, isJoined: boolean) {
  const log = modelLog();
  const ids = Array.from({ length: size }, (_, i) => `s${i}`);
  const join = isJoined ? [step("join", { dependsOn: ids })] : [];
  const { validated } = planned(log, [...ids.map((id) => step(id)), ...join]);
  const results = handle(log, { fact: validated.id }).wrote.map((dispatched) =>
    log.write(completed(dispatched)),
  );
  return { history: log.history(), fact: results[size >> 1]!.id };
}

for (const isJoined of [false, true]) {
  const plan = isJoined ? "a join of all steps" : "steps side by side";
  test(`four times the steps cost four times the work, with ${plan}`, () => {
    const [small, large] = [100, 400].map((size) => answeredRun(size, isJoined)) as [Run, Run];
    const folds = [small, large].map(({ history }) => lookUps(() => foldRun(history))) as [number, number];
    assert.ok(folds[1] / folds[0] < 5, `folding: ${folds.join(" and ")} look-ups`);
    const decisions = [small, large].map(({ history, fact }) => {
      const run = foldRun(history);
      return lookUps(() => next(run, { fact }));
    }) as [number, number];
    assert.ok(decisions[1] / decisions[0] < 5, `deciding: ${decisions.join(" and ")} look-ups`);
  });
}
type Run = ReturnType<typeof answeredRun>;
