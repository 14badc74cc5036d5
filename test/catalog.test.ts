import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { route } from "../services/halo/route.ts";
import { plan } from "../services/htdag/plan.ts";
import { loadCatalog } from "../shared/catalog/load.ts";
import { justRun } from "../shared/contract/decider.ts";
import { POLICY_DEFAULTS, type EventData } from "../shared/contract/events.ts";
import { dagOf } from "../shared/domain/dag.ts";
import type { Rule } from "../shared/domain/rules.ts";
import { step } from "./support/model-log.ts";

// What the shipped catalogues promise.
const business = loadCatalog(["business"]);
const audit = loadCatalog(["audit"]);
const all = loadCatalog(["business", "audit"]);

type Task = Parameters<typeof plan>[0];
const taskOf = (more: Partial<Task>): Task => ({ goal: "-", policy: { ...POLICY_DEFAULTS }, ...more });
const planned = (more: Partial<Task>, rev = 0): EventData<"plan.decomposed"> =>
  plan(taskOf(more), rev, all, justRun);
const firstMethod = (more: Partial<Task>, rev = 0): string | undefined =>
  planned(more, rev).planner.methods?.[0];

test("the business catalogue has the original's 16 agents and 26 rules", () => {
  assert.equal(business.agents.length, 16);
  assert.equal(business.rules.length, 26);
  const types = new Set(business.agents.flatMap((agent) => agent.taskTypes));
  assert.equal(types.size, 55);
  for (const { when } of business.rules) types.delete(String(when["taskType"]));
  assert.equal(types.size, 29, "task types that go by capability");
  const darwin = business.agents.find((agent) => agent.name === "darwin_agent");
  assert.deepEqual([darwin?.costTier, darwin?.successRate, darwin?.concurrency], ["expensive", 0, 3]);
  assert.deepEqual(
    [...Map.groupBy(business.rules, (rule) => rule.priority)].map(([priority, rules]) => [
      priority,
      rules.length,
    ]),
    [
      [20, 2],
      [15, 7],
      [10, 16],
      [5, 1],
    ],
  );
});

/** A step that makes every condition of a rule true. */
function stepFor(rule: Rule) {
  const input: Record<string, unknown> = {};
  let taskType = "";
  for (const [path, wanted] of Object.entries(rule.when)) {
    assert.equal(typeof wanted, "string", `the test knows equality only, and ${rule.id} asks for more`);
    if (path === "taskType") taskType = String(wanted);
    else input[path.replace(/^input\./, "")] = wanted;
  }
  return step("s", { taskType, input });
}

for (const rule of all.rules) {
  test(`rule ${rule.id} fires and decides`, () => {
    const [assignment] = route([stepFor(rule)], all, justRun).assignments;
    assert.equal(assignment?.agent, rule.agent);
    assert.equal(assignment.decision.rule, rule.id);
    assert.deepEqual(
      Object.fromEntries(Object.entries(assignment.decision.matched).filter(([path]) => path in rule.when)),
      rule.when,
    );
    assert.ok(assignment.decision.explanation.includes(rule.because));
  });
}

test("a task type without a rule, and one whose rule asks for more, go by capability", () => {
  const steps = ["lead_generation", "fix_bug"].map((taskType) => step(taskType, { taskType }));
  assert.deepEqual(
    route(steps, all, justRun).assignments.map(({ step: id, agent, decision }) => [
      id,
      agent,
      decision.method,
    ]),
    [
      ["lead_generation", "sales_agent", "capability"],
      ["fix_bug", "darwin_agent", "capability"],
    ],
  );
});

test("goals in words find their methods, the more special one first", () => {
  const goals: [string, string][] = [
    ["Launch a SaaS for bakers", "launch_saas@1"],
    ["Build a web app that sells tickets", "launch_saas@1"],
    ["Start a small business that repairs bicycles", "start_business@1"],
    ["Get my startup going", "start_business@1"],
    ["Audit this repository", "audit_goal@1"],
    ["Please audit the code base of our startup!", "audit_goal@1"],
  ];
  for (const [goal, method] of goals) assert.equal(firstMethod({ goal }), method, goal);
  for (const goal of ["make coffee", "audit the books", "clone the repository", "stay busy"])
    assert.equal(planned({ goal }).planner.kind, "fallback", goal);
});

test("a business goal becomes phases in order, unlike the original's", () => {
  const { steps } = planned({ goal: "Launch a SaaS for bakers" });
  const phases = steps.filter(({ level }) => level === 0).map(({ id }) => id);
  assert.deepEqual(phases, ["research", "spec", "build", "verify", "deploy", "launch"]);
  const { isBefore } = dagOf(steps);
  for (const [i, phase] of phases.entries()) assert.ok(i === 0 || isBefore(phases[i - 1]!, phase), phase);
});

test("after every rejection a business goal has another plan to offer", () => {
  const plans = [0, 1, 2].map((rev) => JSON.stringify(planned({ goal: "Launch a SaaS" }, rev).steps));
  assert.equal(new Set(plans).size, 3);
});

test("the audit: six looks side by side after the list, one report that sees them all, below the task's root", () => {
  const { steps } = planned({ taskType: "repository_audit", input: { root: "sub/folder" } });
  assert.deepEqual(
    steps.map(({ id, taskType, dependsOn, input }) => ({ id, taskType, dependsOn, input })),
    [
      ["list_files", "list_files", []],
      ["count_lines", "count_lines", ["list_files"]],
      ["find_todos", "find_todos", ["list_files"]],
      ["find_large_files", "find_large_files", ["list_files"]],
      ["read_licences", "read_licences", ["list_files"]],
      ["git_activity", "git_activity", ["list_files"]],
      [
        "report",
        "audit_report",
        ["list_files", "count_lines", "find_todos", "find_large_files", "read_licences", "git_activity"],
      ],
    ].map(([id, taskType, dependsOn]) => ({ id, taskType, dependsOn, input: { root: "sub/folder" } })),
  );
  assert.deepEqual(route(steps, audit, justRun).unrouted, []);
  const worded = planned({ goal: "Audit this repository" }).steps;
  assert.equal(worded.length, 8);
  assert.ok(worded.every(({ input }) => input?.["root"] === "."));
});

test("every method, whatever it decomposes, yields a sound plan within the limits that is fully routed", () => {
  const goals = all.methods.flatMap(({ when }) => {
    const goal = when["goal"];
    if (typeof goal !== "object" || goal === null) return [];
    return (goal.anyWord ?? []).map((word) => [...(goal.allWords ?? []), word].join(" "));
  });
  const anyGoal = fc
    .array(fc.constantFrom(...goals), { minLength: 1, maxLength: 2 })
    .map((some) => some.join(" of "));
  const anyType = fc.constantFrom(undefined, ...new Set(all.methods.map((method) => method.task)));
  const used = new Set<string>();
  fc.assert(
    fc.property(anyGoal, anyType, fc.integer({ min: 0, max: 8 }), (goal, taskType, rev) => {
      const { planner, steps } = planned({ goal, ...(taskType !== undefined && { taskType }) }, rev);
      for (const name of planner.methods ?? []) used.add(name.split("@")[0]!);
      const dag = dagOf(steps);
      assert.deepEqual(dag.findings, []);
      assert.ok(steps.length <= POLICY_DEFAULTS.maxSteps && dag.depth <= POLICY_DEFAULTS.maxDepth);
      assert.deepEqual(route(steps, all, justRun).unrouted, []);
    }),
    { numRuns: 400, seed: 1 },
  );
  assert.deepEqual([...used].toSorted(), all.methods.map(({ id }) => id).toSorted(), "each of them was used");
});
