import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Step } from "../../shared/contract/plan.ts";
import { step } from "../../test/support/model-log.ts";
import { assigned, card, ORIGINAL_AGENTS, routedPlan } from "../../test/support/plans.ts";
import { examine } from "./examined.ts";
import { lossesOf, partsOf, PROFILES, type Parts } from "./score.ts";

const score = (steps: Step[]): Parts => partsOf(examine(routedPlan(steps)));
const typed = (taskType: string, dependsOn: string[] = []): Step => step(taskType, { taskType, dependsOn });

/** So many steps of one kind, each after the one before. */
const chain = (length: number): Step[] =>
  Array.from({ length }, (_, i) =>
    step(`s${i}`, { taskType: "test", dependsOn: i > 0 ? [`s${i - 1}`] : [] }),
  );

test("genesis-v1 gives the original's scores", () => {
  const relay = [typed("design"), typed("implement", ["design"]), typed("test", ["implement"])];
  const saas = [
    typed("design"),
    typed("implement"),
    typed("deploy"),
    typed("api_call", ["design"]),
    typed("file_write", ["design"]),
    typed("code", ["implement"]),
    typed("test_run", ["implement"]),
  ];
  const tests = Array.from({ length: 100 }, (_, i) => step(`t${i}`, { taskType: "test" }));
  assert.equal(score([typed("deploy")])["genesis-v1"], 0.836);
  assert.equal(score([typed("test")])["genesis-v1"], 0.908);
  assert.equal(score([typed("evolution")])["genesis-v1"], 0.7, "a rate of 0 means not known yet");
  assert.equal(score(relay)["genesis-v1"], 0.762556);
  assert.equal(score(saas)["genesis-v1"], 0.619482);
  assert.equal(score([typed("generic")])["genesis-v1"], 0.828);
  assert.equal(score([])["genesis-v1"], 0.63);
  assert.equal(score(tests)["genesis-v1"], 0.56);
});

test("aop-v1 does not punish a plan for its length", () => {
  const tests = Array.from({ length: 100 }, (_, i) => step(`t${i}`, { taskType: "test" }));
  assert.equal(score(tests)["aop-v1"], score([typed("test")])["aop-v1"]);
  assert.equal(score([typed("test")])["aop-v1"], 0.908);
});

test("every verdict can show both ways to look at success, and the other terms", () => {
  const plan = [typed("design"), typed("implement", ["design"]), typed("test", ["implement"])];
  assert.deepEqual(score(plan), {
    successProduct: 0.60639,
    successGeometricMean: 0.846416,
    quality: 1,
    cost: 0.3,
    time: 0.2,
    "genesis-v1": 0.762556,
    "aop-v1": 0.858567,
  });
});

test("a free agent costs nothing", () => {
  const agents = [card("counter", ["count"], { costTier: "free", successRate: 1 })];
  const parts = partsOf(examine(routedPlan([typed("count")], { agents })));
  assert.equal(parts.cost, 0);
  assert.equal(parts["aop-v1"], 1);
});

test("an unknown agent counts as half a fit, and one without the skills for less", () => {
  const steps = [step("a", { taskType: "test", skills: ["testing", "magic"] })];
  const by = (agent: string): Parts =>
    partsOf(examine(routedPlan(steps, { routed: { assignments: [assigned("a", agent)], unrouted: [] } })));
  assert.equal(by("qa_agent").quality, 0.85);
  assert.equal(by("deploy_agent").quality, 0);
  assert.deepEqual([by("nobody").quality, by("nobody").cost, by("nobody").successProduct], [0.5, 0.5, 0.7]);
});

test("time counts the longest chain, up to ten edges, through compound steps", () => {
  assert.equal(score(chain(4)).time, 0.3);
  assert.equal(score(chain(30)).time, 1);
  const nested = [
    typed("design"),
    step("build", { kind: "compound", dependsOn: ["design"] }),
    step("code", { taskType: "code", parent: "build" }),
  ];
  assert.equal(score(nested).time, 0.1);
});

test("the weights of every profile sum to 1", () => {
  for (const [name, { weights }] of Object.entries(PROFILES)) {
    const sum = Object.values<number>(weights).reduce((total, weight) => total + weight);
    assert.ok(Math.abs(sum - 1) < 1e-9, `${name}: ${sum}`);
  }
});

test("losses and score add up to 1, the greatest loss first", () => {
  const parts = score([typed("design"), typed("implement", ["design"]), typed("deploy", ["implement"])]);
  const losses = lossesOf("genesis-v1", parts);
  assert.deepEqual(
    losses.map(({ term }) => term),
    ["success", "cost", "time", "quality"],
  );
  const lost = losses.reduce((total, { loss }) => total + loss, 0);
  assert.ok(Math.abs(lost + parts["genesis-v1"] - 1) < 1e-5);
  assert.equal(lossesOf("aop-v1", parts)[0]!.term, "cost");
});

test("every score is a ratio, whatever the plan", () => {
  const types = ORIGINAL_AGENTS.flatMap((agent) => agent.taskTypes);
  const anyStep = fc.record({
    taskType: fc.constantFrom(...types, "unknown"),
    title: fc.string({ minLength: 1 }),
  });
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 500 }), (shapes) => {
      const parts = score(shapes.map((shape, i) => step(`s${i}`, shape)));
      for (const [name, value] of Object.entries(parts))
        assert.ok(value >= 0 && value <= 1, `${name} ${value}`);
    }),
  );
});
