import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../../shared/contract/plan.ts";
import { step } from "../../../test/support/model-log.ts";
import { assigned, routedPlan, unrouted } from "../../../test/support/plans.ts";
import { examine, type RoutedPlan } from "../examined.ts";
import { completeness } from "./completeness.ts";

const completenessOf = (plan: RoutedPlan): Finding[] =>
  completeness(examine(plan)).map(({ explain, ...about }) => ({ ...about, ...explain() }));
const messages = (plan: RoutedPlan): string[] => completenessOf(plan).map((f) => f.message);

const BUILD = step("build", { taskType: "implement" });
const SOUND = routedPlan([step("design", { taskType: "design" }), BUILD]);

test("completeness wants every primitive step assigned exactly once, and nothing else", () => {
  const twice = [
    assigned("design", "spec_agent"),
    assigned("design", "qa_agent"),
    assigned("build", "builder_agent"),
  ];
  assert.deepEqual(messages({ ...SOUND, routed: { assignments: twice, unrouted: [] } }), [
    'Step "design" is assigned 2 times: spec_agent, qa_agent.',
  ]);
  const both = { assignments: SOUND.routed.assignments, unrouted: [unrouted("build", "none")] };
  assert.deepEqual(messages({ ...SOUND, routed: both }), [
    'Step "build" is both assigned and said to have no agent.',
  ]);
  const none = { assignments: [], unrouted: [unrouted("build", "none")] };
  assert.deepEqual(messages(routedPlan([BUILD], { routed: none })), ['Nobody is assigned to step "build".']);
  const parent = step("all", { kind: "compound" });
  const child = step("code", { taskType: "code", parent: "all" });
  assert.deepEqual(messages(routedPlan([parent, child])), []);
  const toParent = {
    assignments: [assigned("all", "qa_agent"), assigned("code", "builder_agent")],
    unrouted: [],
  };
  assert.deepEqual(messages(routedPlan([parent, child], { routed: toParent })), [
    'The compound step "all" is assigned to an agent; only its children are work.',
  ]);
});

test("completeness refuses a plan without work, and says what the planner said", () => {
  assert.deepEqual(completenessOf(routedPlan([])), [
    {
      code: "E_VALIDATION",
      message: "The plan has no step that an agent could do.",
      suggestion: "Add a method for this goal, or submit it with a task type that an agent takes.",
    },
  ]);
  const because = "E_TOO_LARGE: the plan does not fit into a message";
  const [empty] = completenessOf(routedPlan([], { because }));
  assert.equal(empty!.code, "E_TOO_LARGE");
  assert.equal(empty!.message, `The plan has no step that an agent could do. The planner says: ${because}`);
  assert.deepEqual(messages(routedPlan([step("all", { kind: "compound" })])), [
    "The plan has no step that an agent could do.",
    'The compound step "all" has no children, so nobody does it.',
  ]);
});
