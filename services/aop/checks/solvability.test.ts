import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding, Step } from "../../../shared/contract/plan.ts";
import { step } from "../../../test/support/model-log.ts";
import { assigned, routedPlan, unrouted } from "../../../test/support/plans.ts";
import { examine, type RoutedPlan } from "../examined.ts";
import { solvability } from "./solvability.ts";

const solvabilityOf = (plan: RoutedPlan): Finding[] =>
  solvability(examine(plan)).map(({ explain, ...about }) => ({ ...about, ...explain() }));

const DESIGN = step("design", { taskType: "design", title: "Write the specification" });
const BUILD = step("build", { taskType: "implement", title: "Build the product", dependsOn: ["design"] });

test("solvability says why an agent cannot do its step, and who could", () => {
  const skilled = step("audit", { taskType: "test", skills: ["testing", "magic"] });
  const cases: [string, Step, string, string, string][] = [
    [
      "E_DAG_REF",
      BUILD,
      "spec_agent biuld",
      '"spec_agent" is assigned to step "biuld", which is not in the plan.',
      'Did you mean "build"?',
    ],
    [
      "E_DAG_REF",
      BUILD,
      "spec_agent other",
      '"spec_agent" is assigned to step "other", which is not in the plan.',
      "Remove the assignment.",
    ],
    [
      "E_NO_AGENT",
      BUILD,
      "bulder_agent build",
      'Step "build" is assigned to "bulder_agent", and there is no such agent.',
      'Did you mean "builder_agent"?',
    ],
    [
      "E_NO_AGENT",
      BUILD,
      "magician build",
      'Step "build" is assigned to "magician", and there is no such agent.',
      "These agents could do it: builder_agent.",
    ],
    [
      "E_NO_AGENT",
      BUILD,
      "qa_agent build",
      'Step "build" is of type "implement", which "qa_agent" does not take.',
      "These agents could do it: builder_agent.",
    ],
    [
      "E_NO_AGENT",
      skilled,
      "qa_agent audit",
      'Step "audit" asks for skills that "qa_agent" does not have: magic.',
      "Give one of these agents the skills: qa_agent.",
    ],
    [
      "E_NO_AGENT",
      step("x", { taskType: "tst" }),
      "qa_agent x",
      'Step "x" is of type "tst", which "qa_agent" does not take.',
      'No agent takes "tst". Did you mean "test"?',
    ],
    [
      "E_NO_AGENT",
      step("x", { taskType: "dance" }),
      "qa_agent x",
      'Step "x" is of type "dance", which "qa_agent" does not take.',
      'Add an agent that takes "dance", or change the step\'s type.',
    ],
  ];
  for (const [code, one, pair, message, suggestion] of cases) {
    const [agent = "", id = ""] = pair.split(" ");
    const routed = { assignments: [assigned(id, agent)], unrouted: [] };
    assert.deepEqual(solvabilityOf(routedPlan([one], { routed })), [{ code, step: id, message, suggestion }]);
  }
});

test("solvability repeats the router's reason for a step that nobody takes", () => {
  const reasons = {
    build: "no agent takes implement",
    ghost: "not in the plan",
    design: "E_TOO_LARGE: the routed plan is too large",
  };
  const routed = {
    assignments: [],
    unrouted: Object.entries(reasons).map(([id, reason]) => unrouted(id, reason)),
  };
  assert.deepEqual(
    solvabilityOf(routedPlan([DESIGN, BUILD], { routed })).map((f) => [f.code, f.message, f.suggestion]),
    [
      [
        "E_NO_AGENT",
        'No agent was found for step "build": no agent takes implement',
        "These agents could do it: builder_agent.",
      ],
      ["E_NO_AGENT", 'No agent was found for step "ghost": not in the plan', "Route only steps of the plan."],
      [
        "E_TOO_LARGE",
        'No agent was found for step "design": E_TOO_LARGE: the routed plan is too large',
        "These agents could do it: spec_agent.",
      ],
    ],
  );
});
