import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadCatalog } from "../shared/catalog/load.ts";
import { EVENTS } from "../shared/contract/events.ts";
import { planOffline } from "./offline-plan.ts";
import { readPlanFile } from "./plan-file.ts";
import { PLAIN } from "./render/paint.ts";
import { planLines } from "./render/plan.ts";

const catalog = loadCatalog(["business", "audit"]);
const folder = mkdtempSync(join(tmpdir(), "genesis-plan-"));
after(() => rmSync(folder, { recursive: true }));
const file = (value: unknown): string => {
  const path = join(folder, "dag.json");
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
  return path;
};
const planFile = (value: object) => planOffline({ file: readPlanFile(file(value)) }, catalog, "aop-v1");

const twoSteps = {
  steps: [
    { id: "build", taskType: "implement" },
    { id: "check", taskType: "test", dependsOn: ["build"] },
  ],
};

test("a goal is decomposed, routed and judged as the services would", () => {
  const planned = planOffline({ goal: "Audit the repository" }, catalog, "genesis-v1");
  assert.equal(planned.decomposed.planner.kind, "methods");
  assert.ok(planned.decomposed.steps.length > 5);
  assert.equal(planned.routed.unrouted.length, 0);
  assert.equal(planned.verdict.profile, "genesis-v1");
  assert.ok(planned.passed);
});

function card(name: string): object {
  return { name, taskTypes: ["bake"], costTier: "cheap", successRate: 0.9, concurrency: 1 };
}

/** A method for goals that have the word. */
function method(id: string, word: string): object {
  const input = { guests: { from: "input.guests", default: 1 } };
  const when = { goal: { anyWord: [word] } };
  const ordered = [{ id: "bake", task: "bake", title: "Bake", input }];
  return { id, version: 1, task: "goal", priority: 9, when, ordered };
}

test("conditions see the input and the context that are given", () => {
  const folderOf = join(folder, "bakery");
  mkdirSync(folderOf, { recursive: true });
  const rule = { id: "large", priority: 20, because: "the oven", agent: "hall" };
  for (const [name, content] of Object.entries({
    agents: { agents: [card("home"), card("hall")] },
    rules: {
      version: "1",
      rules: [{ ...rule, when: { taskType: "bake", "input.guests": { atLeast: 50 } } }],
    },
    methods: { methods: [method("party", "party")] },
  }))
    writeFileSync(join(folderOf, `${name}.yaml`), JSON.stringify(content));
  const bakery = loadCatalog([folderOf]);
  const agentFor = (input: object) =>
    planOffline({ goal: "a party", input: { ...input } }, bakery, "aop-v1").routed.assignments[0]?.decision
      .rule;
  assert.deepEqual([agentFor({ guests: 80 }), agentFor({ guests: 8 })], ["large", undefined]);
});

test("what is planned has the shape of the events", () => {
  for (const { decomposed, routed, verdict, passed } of [
    planFile(twoSteps),
    planFile({ ...twoSteps, agents: [] }),
  ]) {
    assert.deepEqual(EVENTS["plan.decomposed"].data.parse(decomposed), decomposed);
    assert.deepEqual(EVENTS["plan.routed"].data.parse(routed), routed);
    assert.deepEqual(EVENTS[passed ? "plan.validated" : "plan.rejected"].data.parse(verdict), verdict);
  }
});

test("a file's steps get what they leave out", () => {
  const { steps } = readPlanFile(
    file({
      steps: [
        { id: "all", taskType: "ship", kind: "compound" },
        { id: "one", taskType: "test", parent: "all", title: "Try it", input: { a: 1 }, maxAttempts: 7 },
      ],
    }),
  );
  const common = { timeoutMs: 120_000, onFailure: "fail", dependsOn: [] };
  assert.deepEqual(steps, [
    { id: "all", taskType: "ship", kind: "compound", level: 0, title: "all", maxAttempts: 3, ...common },
    {
      id: "one",
      taskType: "test",
      kind: "primitive",
      parent: "all",
      level: 1,
      title: "Try it",
      input: { a: 1 },
      maxAttempts: 7,
      ...common,
    },
  ]);
});

test("only the agents that are named may be used", () => {
  const { routed, passed } = planFile({ ...twoSteps, agents: ["qa_agent"] });
  assert.deepEqual(
    routed.assignments.map(({ step, agent }) => [step, agent]),
    [["check", "qa_agent"]],
  );
  assert.deepEqual(
    routed.unrouted.map(({ step }) => step),
    ["build"],
  );
  assert.ok(!passed);
});

test("assignments that are given are taken as they are, and what they leave out goes to nobody", () => {
  const { routed, passed } = planFile({ ...twoSteps, assignments: { build: "spec_agent" } });
  assert.deepEqual(
    routed.assignments.map(({ step, agent }) => [step, agent]),
    [["build", "spec_agent"]],
  );
  assert.deepEqual(
    routed.unrouted.map(({ step, reason }) => [step, reason]),
    [["check", "the assignments that were given leave it out"]],
  );
  assert.ok(!passed);
});

test("a circle is rejected with its finding", () => {
  const steps = [
    { id: "a", taskType: "test", dependsOn: ["b"] },
    { id: "b", taskType: "test", dependsOn: ["a"] },
  ];
  const { verdict, passed } = planFile({ steps });
  assert.ok(!passed);
  assert.ok(verdict.checks.flatMap(({ findings }) => findings).some(({ code }) => code === "E_DAG_CYCLE"));
});

test("a file that is no plan is wrong usage, and says where", () => {
  const usage = { name: "CommandFailure", exitCode: 2 };
  assert.throws(() => readPlanFile(join(folder, "nothing.json")), { ...usage, message: /ENOENT/ });
  assert.throws(() => readPlanFile(file("{")), {
    ...usage,
    message: /dag\.json is not JSON that can be read$/,
  });
  assert.throws(() => readPlanFile(file({})), { ...usage, message: /steps must be array/ });
  assert.throws(() => readPlanFile(file({ steps: [{ id: "a b", taskType: "test" }] })), {
    ...usage,
    message: /steps\.0\.id/,
  });
});

test("an offline plan is a tree with its agents, the checks and the verdict", () => {
  const lines = planLines(planFile(twoSteps), PLAIN);
  assert.deepEqual(lines.slice(0, 10), [
    "planned by methods",
    "",
    "build  build               builder_agent  rule rule_implement",
    "check  check  after build  qa_agent       rule rule_test",
    "",
    "✔ structure 1.00",
    "✔ solvability 1.00",
    "✔ completeness 1.00",
    "✔ redundancy 1.00",
    "✔ containment 1.00",
  ]);
  assert.match(
    lines.at(-1)!,
    /^passed with 0\.\d\d by aop-v1 \(successProduct 0\.\d\d, .*genesis-v1 0\.\d\d, aop-v1 0\.\d\d\)$/,
  );
});
