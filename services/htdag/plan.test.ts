import assert from "node:assert/strict";
import { test } from "node:test";
import { justRun, type Part } from "../../shared/contract/decider.ts";
import { POLICY_DEFAULTS } from "../../shared/contract/events.ts";
import type { Step } from "../../shared/contract/plan.ts";
import type { Method } from "../../shared/domain/methods.ts";
import { methodsOf, sub } from "../../test/support/methods.ts";
import { card } from "../../test/support/plans.ts";
import type { Task } from "./expand.ts";
import { plan } from "./plan.ts";

const agents = [card("worker", ["work", "design"]), card("builder", ["generic"])];
const taskOf = (more: Partial<Task> = {}, policy: Partial<Task["policy"]> = {}): Task => ({
  goal: "open a shop",
  ...more,
  policy: { ...POLICY_DEFAULTS, ...policy },
});
const planned = (methods: Method[], task = taskOf(), rev = 0) =>
  plan(task, rev, { methods, agents }, justRun);
const shape = (steps: readonly Step[]) => steps.map(({ id, dependsOn }) => [id, dependsOn] as const);

test("ordered subtasks become a chain, with the defaults of a step", () => {
  const { planner, steps } = planned(
    methodsOf({ id: "shop", version: 7, ordered: [sub("buy"), sub("sell")] }),
  );
  assert.deepEqual(planner, { kind: "methods", methods: ["shop@7"] });
  assert.deepEqual(steps, [
    {
      id: "buy",
      kind: "primitive",
      level: 0,
      taskType: "work",
      title: "Do buy",
      dependsOn: [],
      timeoutMs: 120_000,
      maxAttempts: 3,
      onFailure: "fail",
    },
    {
      id: "sell",
      kind: "primitive",
      level: 0,
      taskType: "work",
      title: "Do sell",
      dependsOn: ["buy"],
      timeoutMs: 120_000,
      maxAttempts: 3,
      onFailure: "fail",
    },
  ]);
});

test("a subtask that a method decomposes is compound; its steps see the results of what it waits for", () => {
  const methods = methodsOf(
    { id: "shop", ordered: [sub("design", "draw"), sub("build", "make"), sub("open")] },
    { id: "drawing", task: "draw", parallel: [sub("front"), sub("back")] },
    { id: "making", task: "make", ordered: [sub("walls"), sub("roof")] },
  );
  const { planner, steps } = planned(methods);
  assert.deepEqual(planner.methods, ["shop@1", "drawing@1", "making@1"]);
  assert.deepEqual(
    steps.map(({ id, kind, parent, level, dependsOn }) => ({ id, kind, parent, level, dependsOn })),
    [
      { id: "design", kind: "compound", parent: undefined, level: 0, dependsOn: [] },
      { id: "design-front", kind: "primitive", parent: "design", level: 1, dependsOn: [] },
      { id: "design-back", kind: "primitive", parent: "design", level: 1, dependsOn: [] },
      { id: "build", kind: "compound", parent: undefined, level: 0, dependsOn: ["design"] },
      {
        id: "build-walls",
        kind: "primitive",
        parent: "build",
        level: 1,
        dependsOn: ["design-front", "design-back"],
      },
      {
        id: "build-roof",
        kind: "primitive",
        parent: "build",
        level: 1,
        dependsOn: ["build-walls", "design-front", "design-back"],
      },
      {
        id: "open",
        kind: "primitive",
        parent: undefined,
        level: 0,
        dependsOn: ["build", "build-walls", "build-roof"],
      },
    ],
  );
});

test("what a subtask says about itself stands in its step", () => {
  const more = {
    input: { root: { from: "input.root", default: "." }, size: 3 },
    skills: ["drawing"],
    timeoutMs: 500,
    maxAttempts: 1,
    onFailure: "continue",
  };
  const { steps } = planned(
    methodsOf({ id: "m", parallel: [sub("a", "work", more)] }),
    taskOf({ input: { root: "src" } }),
  );
  const { input, skills, timeoutMs, maxAttempts, onFailure } = steps[0]!;
  assert.deepEqual(
    { input, skills, timeoutMs, maxAttempts, onFailure },
    { ...more, input: { root: "src", size: 3 } },
  );
});

test("preconditions decide which methods fit: on the goal, the context, and the input of each task", () => {
  const methods = methodsOf(
    {
      id: "shop",
      when: { goal: { anyWord: ["shop"] } },
      ordered: [sub("x", "part", { input: { size: 9 } })],
    },
    { id: "other", when: { goal: { anyWord: ["farm"] } }, ordered: [sub("y")] },
    { id: "small", task: "part", when: { "input.size": { atMost: 5 } }, ordered: [sub("s")] },
    { id: "large", task: "part", when: { "input.size": { atLeast: 6 } }, ordered: [sub("l")] },
    { id: "abroad", task: "part", when: { "context.land": "fr" }, ordered: [sub("f")] },
  );
  const usedFor = (more: Partial<Task>): unknown => planned(methods, taskOf(more)).planner.methods;
  assert.deepEqual(usedFor({}), ["shop@1", "large@1"]);
  assert.deepEqual(usedFor({ goal: "buy a farm" }), ["other@1"]);
  assert.deepEqual(planned(methods, taskOf({ context: { land: "fr" } }), 1).planner.methods, [
    "shop@1",
    "abroad@1",
  ]);
});

test("revision n is the n-th plan, depth first, and past the last one the last one again", () => {
  const methods = methodsOf(
    { id: "first", ordered: [sub("a", "part"), sub("b", "part")] },
    { id: "second", ordered: [sub("c")] },
    { id: "one", task: "part", ordered: [sub("p")] },
    { id: "two", task: "part", ordered: [sub("q")] },
  );
  const plans = [0, 1, 2, 3, 4, 5, 6].map((rev) => planned(methods, taskOf(), rev));
  assert.deepEqual(
    plans.map(({ planner, steps }) => [planner.methods?.join(" "), steps.map(({ id }) => id).join(" ")]),
    [
      ["first@1 one@1", "a a-p b b-p"],
      ["first@1 one@1 two@1", "a a-p b b-q"],
      ["first@1 two@1 one@1", "a a-q b b-p"],
      ["first@1 two@1", "a a-q b b-q"],
      ["second@1", "c"],
      ["second@1", "c"],
      ["second@1", "c"],
    ],
  );
});

test("an id that stood for something else in an earlier revision is not used again", () => {
  const methods = methodsOf(
    { id: "first", ordered: [sub("build", "part"), sub("same")] },
    { id: "second", ordered: [sub("build"), sub("same")] },
    { id: "third", ordered: [{ ...sub("build"), title: "Built in another way" }] },
    { id: "part", task: "part", ordered: [sub("p")] },
  );
  const idsOf = (rev: number): string[] => planned(methods, taskOf(), rev).steps.map(({ id }) => id);
  assert.deepEqual(idsOf(0), ["build", "build-p", "same"]);
  assert.deepEqual(shape(planned(methods, taskOf(), 1).steps), [
    ["build-2", []],
    ["same", ["build-2"]],
  ]);
  assert.deepEqual(idsOf(2), ["build-3"]);
});

test("a plan over the limits makes way for the next one that is within them", () => {
  const methods = methodsOf(
    { id: "long", ordered: [sub("a"), sub("b"), sub("c")] },
    { id: "deep", ordered: [sub("a", "part")] },
    { id: "short", ordered: [sub("z")] },
    { id: "part", task: "part", ordered: [sub("p", "piece")] },
    { id: "piece", task: "piece", ordered: [sub("q")] },
  );
  const firstWithin = (policy: Partial<Task["policy"]>): unknown =>
    planned(methods, taskOf({}, policy)).planner.methods;
  assert.deepEqual(firstWithin({}), ["long@1"]);
  assert.deepEqual(firstWithin({ maxSteps: 2 }), ["short@1"]);
  assert.deepEqual(planned(methods, taskOf({}, { maxDepth: 2 }), 1).planner.methods, [
    "deep@1",
    "part@1",
    "piece@1",
  ]);
  assert.deepEqual(planned(methods, taskOf({}, { maxDepth: 1 }), 1).planner.methods, ["short@1"]);
});

test("where a method does not fit below, an agent takes the subtask as it is", () => {
  const methods = methodsOf(
    { id: "shop", ordered: [sub("look", "design")] },
    { id: "designing", task: "design", ordered: [sub("a"), sub("b"), sub("c")] },
  );
  const kinds = (maxSteps: number): string[] =>
    planned(methods, taskOf({}, { maxSteps })).steps.map(({ kind }) => kind);
  assert.deepEqual(kinds(4), ["compound", "primitive", "primitive", "primitive"]);
  assert.deepEqual(kinds(3), ["primitive"]);
});

test("a task type that an agent takes is one step with the task's input; anything else is generic", () => {
  const own = planned([], taskOf({ taskType: "design", input: { size: 1 } }));
  assert.deepEqual(own.planner, { kind: "methods", methods: [] });
  assert.deepEqual(own.steps, [
    {
      id: "design",
      kind: "primitive",
      level: 0,
      taskType: "design",
      title: "Carry out the whole task",
      dependsOn: [],
      input: { size: 1 },
      timeoutMs: 120_000,
      maxAttempts: 3,
      onFailure: "fail",
    },
  ]);
  for (const task of [taskOf({ taskType: "juggle" }), taskOf()]) {
    const { planner, steps, because } = planned([], task, 2);
    assert.deepEqual(planner, { kind: "fallback" });
    assert.equal(because, "no method or agent fits this goal");
    assert.deepEqual(shape(steps), [["generic", []]]);
  }
});

test("a task type has its own methods, and a goal's methods are not asked", () => {
  const methods = methodsOf(
    { id: "shop", ordered: [sub("a")] },
    { id: "designing", task: "design", ordered: [sub("b")] },
  );
  assert.deepEqual(planned(methods, taskOf({ taskType: "design" })).planner.methods, ["designing@1"]);
});

test("methods that call each other without end come to an end", () => {
  const endless = { ordered: [sub("x", "goal"), sub("y", "goal"), sub("z", "goal")] };
  const methods = methodsOf({ id: "a", ...endless }, { id: "b", ...endless }, { id: "c", ...endless });
  const { planner, because } = planned(methods, taskOf({}, { maxDepth: 32, maxSteps: 500 }));
  assert.equal(planner.kind, "fallback");
  assert.equal(because, "no plan for it has at most 500 steps, nested at most 32 deep");
});

test("long paths become ids that still fit a token and differ", () => {
  const [a, b] = ["a".repeat(32), "b".repeat(32)];
  const methods = methodsOf(
    { id: "top", ordered: [sub(a, "part")] },
    { id: "part", task: "part", parallel: [sub(b), sub(`${b.slice(1)}c`)] },
  );
  const ids = planned(methods).steps.map(({ id }) => id);
  assert.equal(ids.length, 3);
  assert.equal(new Set(ids).size, 3);
  assert.equal(ids[1], `${a}-${"b".repeat(14)}-${ids[1]!.slice(-12)}`);
  assert.ok(ids.every((id) => id.length <= 60));
});

test("the parts that become spans", () => {
  const seen: string[] = [];
  const part: Part = (name, fn) => {
    seen.push(name);
    return fn();
  };
  plan(taskOf(), 0, { methods: methodsOf({ id: "m", ordered: [sub("a")] }), agents }, part);
  assert.deepEqual(seen, ["htdag.decompose", "htdag.generate_top_level_tasks"]);
});

test("a task type that cannot be the key of a result gives its step another id", () => {
  for (const taskType of ["__proto__", "constructor", "prototype"]) {
    const { steps } = plan(
      taskOf({ taskType }),
      0,
      { methods: [], agents: [card("maker", [taskType])] },
      justRun,
    );
    assert.deepEqual(
      steps.map((step) => [step.id, step.taskType]),
      [["task", taskType]],
    );
  }
});
