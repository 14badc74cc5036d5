import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { justRun, type Part } from "../../shared/contract/decider.ts";
import { INLINE_BYTES } from "../../shared/contract/envelope.ts";
import { planHash } from "../../shared/contract/plan-hash.ts";
import {
  assignment,
  step as stepSchema,
  unroutedStep,
  verdict as schema,
} from "../../shared/contract/plan.ts";
import { MAX_RUN_MS, type Step } from "../../shared/contract/plan.ts";
import { SPANS } from "../../shared/telemetry/names.ts";
import { step } from "../../test/support/model-log.ts";
import { assigned, ORIGINAL_AGENTS, routedPlan, unrouted } from "../../test/support/plans.ts";
import { CHECKS } from "./checks.ts";
import type { RoutedPlan } from "./examined.ts";
import { validate } from "./validate.ts";

const CHAIN = [
  step("design", { taskType: "design" }),
  step("build", { taskType: "implement", dependsOn: ["design"] }),
  step("test", { taskType: "test", dependsOn: ["build"] }),
];

test("a sound plan passes every check and its score the gate", () => {
  const plan = routedPlan(CHAIN);
  const { passed, verdict } = validate(plan, justRun);
  assert.equal(passed, true);
  assert.equal(verdict.planHash, planHash(plan.steps, plan.routed.assignments));
  assert.equal(verdict.profile, "aop-v1");
  assert.equal(verdict.score, 0.858567);
  assert.equal(verdict.parts["genesis-v1"], 0.762556);
  assert.deepEqual(
    verdict.checks.map(({ check, passed: ok, score }) => [check, ok, score]),
    [
      ["structure", true, 1],
      ["solvability", true, 1],
      ["completeness", true, 1],
      ["redundancy", true, 1],
      ["containment", true, 1],
      ["quality", true, 0.858567],
    ],
  );
});

test("the score by the task's own profile must reach its policy's minimum", () => {
  const tests = Array.from({ length: 100 }, (_, i) =>
    step(`t${i}`, { taskType: "test", title: `part ${i}` }),
  );
  const plan = routedPlan(tests);
  assert.ok(validate({ ...plan, policy: { ...plan.policy, minScore: 0.908 } }, justRun).passed, "just so");
  const policy = { ...plan.policy, profile: "genesis-v1" as const };
  const { passed, verdict } = validate({ ...plan, policy }, justRun);
  assert.equal(passed, false);
  assert.equal(verdict.score, 0.56);
  assert.deepEqual(verdict.checks.at(-1), {
    check: "quality",
    passed: false,
    score: 0.56,
    findings: [
      {
        code: "E_VALIDATION",
        message: "The plan scores 0.56 by the profile genesis-v1; the task's policy asks for 0.6.",
        suggestion:
          "Most is lost on success (0.400 of 0.4). Use agents that succeed more often, or fewer steps. Or lower policy.minScore.",
      },
    ],
  });
});

test("one verdict names everything that is wrong, not only the first", () => {
  const plan = routedPlan(
    [
      step("a", { taskType: "test", title: "same", dependsOn: ["b"] }),
      step("b", { taskType: "test", title: "same", dependsOn: ["a"] }),
    ],
    { routed: { assignments: [assigned("a", "deploy_agent")], unrouted: [] } },
  );
  const failed = validate(plan, justRun).verdict.checks.filter((check) => !check.passed);
  assert.deepEqual(
    failed.map(({ check }) => check),
    ["structure", "solvability", "completeness", "redundancy"],
  );
});

test("every check and the score are parts of the validation, under declared names", () => {
  const parts: string[] = [];
  const recording: Part = (name, fn) => {
    parts.push(name);
    return fn();
  };
  validate(routedPlan(CHAIN), recording);
  assert.deepEqual(parts, [
    "aop.validate",
    ...CHECKS.map(({ name }) => `aop.check.${name}`),
    "aop.evaluate_quality",
  ]);
  assert.deepEqual(
    parts.filter((name) => !Object.hasOwn(SPANS, name)),
    [],
  );
});

/** Ids that meet each other often, and now and then are the names of what every object has. */
const anyId = fc.constantFrom("a", "b", "c", "d", "toString", "hasOwnProperty", "x".repeat(64));
const anyText = fc.string({ unit: "binary", minLength: 1, maxLength: 40 });
const anyStep = fc.record(
  {
    id: anyId,
    kind: fc.constantFrom("primitive", "compound"),
    parent: anyId,
    level: fc.nat(40),
    taskType: fc.constantFrom("test", "deploy", "dance"),
    title: anyText,
    dependsOn: fc.array(anyId, { maxLength: 4 }),
    input: fc.dictionary(fc.string(), fc.jsonValue()),
    skills: fc.array(fc.constantFrom("testing", "magic"), { maxLength: 3 }),
    timeoutMs: fc.integer({ min: 1, max: MAX_RUN_MS }),
    maxAttempts: fc.integer({ min: 1, max: 100 }),
    onFailure: fc.constantFrom("fail", "skip", "continue"),
  },
  {
    requiredKeys: [
      "id",
      "kind",
      "level",
      "taskType",
      "title",
      "dependsOn",
      "timeoutMs",
      "maxAttempts",
      "onFailure",
    ],
  },
);
const anySteps = fc
  .array(anyStep, { maxLength: 8 })
  .map((steps) => stepSchema.array().parse(JSON.parse(JSON.stringify(steps))));
const anyPlan: fc.Arbitrary<RoutedPlan> = fc
  .record({
    steps: anySteps,
    given: fc.array(fc.tuple(anyId, fc.constantFrom("qa_agent", "deploy_agent", "nobody")), { maxLength: 8 }),
    without: fc.array(fc.tuple(anyId, anyText), { maxLength: 4 }),
    because: fc.option(anyText, { nil: undefined }),
    before: fc.array(anySteps, { maxLength: 2 }),
    maxSteps: fc.integer({ min: 1, max: 8 }),
  })
  .map(({ steps, given, without, because, before, maxSteps }) => ({
    ...routedPlan(steps),
    policy: { ...routedPlan([]).policy, maxSteps },
    routed: {
      assignments: assignment.array().parse(given.map(([id, agent]) => assigned(id, agent))),
      unrouted: unroutedStep.array().parse(without.map(([id, reason]) => unrouted(id, reason))),
    },
    because,
    earlier: { revisions: before.map((old, rev) => ({ rev, steps: old })), dispatched: before.flat() },
  }));

test("whatever plan can be decoded gets a verdict that can be stored, the same every time", () => {
  let passing = 0;
  fc.assert(
    fc.property(anyPlan, (plan) => {
      const { passed, verdict } = validate(plan, justRun);
      schema.parse(verdict);
      assert.equal(
        passed,
        verdict.checks.every((check) => check.passed),
      );
      for (const check of verdict.checks) assert.equal(check.passed, check.findings.length === 0);
      assert.ok(JSON.stringify(verdict).isWellFormed());
      assert.deepEqual(validate(plan, justRun), { passed, verdict });
      if (passed) passing++;
    }),
    { numRuns: 1_000 },
  );
  assert.ok(passing < 1_000);
});

const id = (i: number): string => `${"x".repeat(58)}${i}`;

/** Plans in which nothing is right, with text that takes as many bytes as it can. */
function worst(size: number, title: (i: number) => string): RoutedPlan {
  const steps: Step[] = Array.from({ length: size }, (_, i) =>
    step(id(i), {
      taskType: "y".repeat(64),
      title: title(i),
      dependsOn: [id(size + i), id((i + 1) % size)],
      parent: id(i),
      skills: Array.from({ length: 8 }, () => "界".repeat(64)),
    }),
  );
  return {
    ...routedPlan(steps),
    policy: { ...routedPlan([]).policy, maxSteps: 1, minScore: 1 },
    routed: {
      assignments: steps.map((one) => assigned(one.id, ORIGINAL_AGENTS[0]!.name)),
      unrouted: steps.map((one) => unrouted(one.id, "界".repeat(100_000))),
    },
    because: "界".repeat(100_000),
    earlier: {
      revisions: [{ rev: 0, steps: steps.map((one) => ({ ...one, title: `${one.title}!` })) }],
      dispatched: steps.map((one) => ({ ...one, level: 1 })),
    },
  };
}

test("the largest verdict there can be fits into a fact", () => {
  const { passed, verdict } = validate(
    worst(500, (i) => `${i} ${"界".repeat(500)}`),
    justRun,
  );
  assert.equal(passed, false);
  const bytes = Buffer.byteLength(JSON.stringify(verdict));
  assert.ok(bytes < INLINE_BYTES, `${bytes} bytes`);
});

test("a plan at every limit costs no more than its pairs of steps do, and one beyond them less", () => {
  const words = Array.from({ length: 200 }, (_, i) => String.fromCharCode(0x4e00 + i)).join(" ");
  const refusal = (steps: number, maxSteps: number): number => {
    const plan = worst(steps, (i) => words.replace(" ", ` ${i} `));
    const from = performance.now();
    assert.equal(validate({ ...plan, policy: { ...plan.policy, maxSteps } }, justRun).passed, false);
    return performance.now() - from;
  };
  // The best of some, since a busy machine makes a time longer and never shorter.
  const best = (steps: number, maxSteps: number): number =>
    Math.min(...Array.from({ length: 5 }, () => refusal(steps, maxSteps)));
  const [all, quarter, beyond] = [best(500, 500), best(125, 500), best(500, 100)];
  assert.ok(all / quarter < 16 * 3, `${all} ms for 500 steps, ${quarter} ms for 125`);
  assert.ok(beyond < all, `${beyond} ms beyond the limit, ${all} ms within`);
});
