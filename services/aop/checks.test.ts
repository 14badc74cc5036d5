import assert from "node:assert/strict";
import { test } from "node:test";
import { step } from "../../test/support/model-log.ts";
import { assigned, routedPlan } from "../../test/support/plans.ts";
import { CHECKS, runCheck } from "./checks.ts";
import { examine, type RoutedPlan } from "./examined.ts";

const check = (name: string, plan: RoutedPlan) => {
  const row = CHECKS.find((one) => one.name === name);
  assert.ok(row, name);
  return runCheck(row, examine(plan));
};

const DESIGN = step("design", { taskType: "design", title: "Write the specification" });
const BUILD = step("build", { taskType: "implement", title: "Build the product", dependsOn: ["design"] });
const SOUND = routedPlan([DESIGN, BUILD]);

/** One plan for every check that it, and it alone or among others, must refuse. */
const UNSOUND: Record<string, RoutedPlan> = {
  structure: routedPlan([{ ...DESIGN, dependsOn: ["build"] }, BUILD]),
  solvability: routedPlan([step("dance", { taskType: "dance" })], {
    routed: { assignments: [assigned("dance", "qa_agent")], unrouted: [] },
  }),
  completeness: routedPlan([DESIGN, BUILD], { routed: { assignments: [], unrouted: [] } }),
  redundancy: routedPlan([DESIGN, { ...DESIGN, id: "again" }]),
  containment: { ...SOUND, earlier: { revisions: [], dispatched: [step("gone")] } },
};

test("every check passes a sound plan and refuses an unsound one", () => {
  assert.deepEqual(
    Object.keys(UNSOUND),
    CHECKS.map((row) => row.name),
  );
  for (const { name } of CHECKS) {
    assert.deepEqual(check(name, SOUND), { check: name, passed: true, score: 1, findings: [] });
    const refused = check(name, UNSOUND[name]!);
    assert.ok(!refused.passed && refused.score < 1, name);
    for (const { code, message, suggestion } of refused.findings) {
      assert.match(code, /^E_[A-Z_]+$/);
      assert.ok(message.length > 20 && (suggestion?.length ?? 0) > 10, message);
    }
  }
});

test("a check's score is the share of steps that it has nothing against", () => {
  const steps = [DESIGN, BUILD, step("a", { taskType: "test" }), step("b", { taskType: "qa" })];
  const half = [assigned("design", "spec_agent"), assigned("build", "builder_agent")];
  assert.equal(
    check("completeness", routedPlan(steps, { routed: { assignments: half, unrouted: [] } })).score,
    0.5,
  );
  const policy = { ...SOUND.policy, maxSteps: 1 };
  assert.equal(check("structure", { ...SOUND, policy }).score, 0, "against the plan as a whole");
  assert.equal(check("completeness", routedPlan([])).score, 0);
});

test("a verdict lists twenty findings of a check and counts the rest, the score counts all", () => {
  const steps = Array.from({ length: 50 }, (_, i) =>
    step(`s${i}`, { title: `step ${i}`, dependsOn: ["nowhere"] }),
  );
  const { findings: listed, score } = check("structure", routedPlan(steps));
  assert.equal(listed.length, 21);
  assert.deepEqual(listed.at(-1), { code: "E_DAG_REF", message: "… and 30 more like these." });
  assert.equal(score, 0);
});
