import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding, Step } from "../../../shared/contract/plan.ts";
import { step } from "../../../test/support/model-log.ts";
import { routedPlan } from "../../../test/support/plans.ts";
import { examine, type RoutedPlan } from "../examined.ts";
import { containment } from "./containment.ts";

const containmentOf = (plan: RoutedPlan): Finding[] =>
  containment(examine(plan)).map(({ explain, ...about }) => ({ ...about, ...explain() }));
const messages = (plan: RoutedPlan): string[] => containmentOf(plan).map((f) => f.message);

const DESIGN = step("design", { taskType: "design", title: "Write the specification" });
const BUILD = step("build", { taskType: "implement", title: "Build the product", dependsOn: ["design"] });

test("containment keeps dispatched steps as they were", () => {
  const earlier = { revisions: [], dispatched: [DESIGN, step("gone")] };
  const changed = routedPlan([{ ...DESIGN, timeoutMs: 1 }, BUILD], { earlier });
  assert.deepEqual(
    containmentOf(changed).map((f) => [f.code, f.step, f.message]),
    [
      ["E_VALIDATION", "design", 'Step "design" was already dispatched, and this revision changes it.'],
      ["E_VALIDATION", "gone", 'Step "gone" was already dispatched, and this revision leaves it out.'],
    ],
  );
});

test("containment never lets an id stand for something else, but a step may wait for others", () => {
  const earlier = { revisions: [{ rev: 3, steps: [DESIGN, step("dropped")] }], dispatched: [] };
  const wrongWith = (now: Partial<Step>): string[] =>
    messages(routedPlan([{ ...DESIGN, ...now }], { earlier }));
  assert.deepEqual(wrongWith({ dependsOn: ["build"], input: { a: 1 } }), []);
  assert.deepEqual(wrongWith({ title: "Draw it" }), [
    'The id "design" stood for "Write the specification" (primitive, design) in revision 3 and stands for "Draw it" (primitive, design) now.',
  ]);
  assert.equal(wrongWith({ kind: "compound" }).length, 1);
  assert.equal(wrongWith({ taskType: "architecture" }).length, 1);
});
