import assert from "node:assert/strict";
import { test } from "node:test";
import { POLICY_DEFAULTS } from "../../../shared/contract/events.ts";
import type { Finding, Step } from "../../../shared/contract/plan.ts";
import { step } from "../../../test/support/model-log.ts";
import { routedPlan } from "../../../test/support/plans.ts";
import { examine, type RoutedPlan } from "../examined.ts";
import { structure } from "./structure.ts";

const structureOf = (plan: RoutedPlan): Finding[] =>
  structure(examine(plan)).map(({ explain, ...about }) => ({ ...about, ...explain() }));
const messages = (plan: RoutedPlan): string[] => structureOf(plan).map((f) => f.message);

test("structure names the steps of a cycle in their order", () => {
  assert.deepEqual(
    structureOf(
      routedPlan([step("design", { dependsOn: ["build"] }), step("build", { dependsOn: ["design"] })]),
    ),
    [
      {
        code: "E_DAG_CYCLE",
        step: "design",
        message: "Steps wait for each other in a circle: design → build → design.",
        suggestion: "Remove one of these dependencies, so that one of the steps can begin.",
      },
    ],
  );
  const itself = routedPlan([step("a", { dependsOn: ["a"] })]);
  assert.deepEqual(messages(itself), ['Step "a" waits for itself.']);
  const long = routedPlan([..."abcdefgh"].map((id, i) => step(id, { dependsOn: ["bcdefgha"[i]!] })));
  assert.match(messages(long)[0]!, /a → b → c → d → e → f → and 2 more → a\.$/);
});

test("structure names what a reference misses, and what was probably meant", () => {
  const plan = routedPlan([
    step("build"),
    step("test", { dependsOn: ["biuld"] }),
    step("ship", { dependsOn: ["packaging"] }),
    step("sell", { parent: "marketing" }),
    step("tell", { parent: "build" }),
    step("build"),
  ]);
  assert.deepEqual(
    structureOf(plan).map((f) => [f.code, f.step, f.message, f.suggestion]),
    [
      ["E_DAG_DUP", "build", 'More than one step has the id "build".', "Give every step an id of its own."],
      [
        "E_DAG_REF",
        "test",
        'Step "test" depends on "biuld", which is not in the plan.',
        'Did you mean "build"?',
      ],
      [
        "E_DAG_REF",
        "ship",
        'Step "ship" depends on "packaging", which is not in the plan.',
        "Add that step, or remove the reference.",
      ],
      [
        "E_DAG_REF",
        "sell",
        'Step "sell" has the parent "marketing", which is not in the plan.',
        "Add that step, or remove the reference.",
      ],
      [
        "E_DAG_REF",
        "tell",
        'Step "tell" has the parent "build", which is not a compound step.',
        'Make "build" compound, or depend on it instead.',
      ],
    ],
  );
});

/** A primitive step with so many compound ones above it. */
const nested = (levels: number): Step[] =>
  Array.from({ length: levels + 1 }, (_, i) =>
    step(`s${i}`, { kind: i === levels ? "primitive" : "compound", ...(i > 0 && { parent: `s${i - 1}` }) }),
  );

test("structure holds a plan to the limits of the task's policy, exactly", () => {
  const policy = { ...POLICY_DEFAULTS, maxSteps: 4, maxDepth: 2 };
  assert.deepEqual(structureOf(routedPlan(nested(2), { policy })), []);
  assert.deepEqual(structureOf(routedPlan(nested(3), { policy })), [
    {
      code: "E_DAG_LIMIT",
      step: "s3",
      message: 'Step "s3" has 3 parents above it; the task\'s policy allows 2.',
      suggestion: "Plan with fewer levels, or raise policy.maxDepth.",
    },
  ]);
  assert.deepEqual(
    structureOf(
      routedPlan(
        [..."abcde"].map((id) => step(id)),
        { policy },
      ),
    ),
    [
      {
        code: "E_DAG_LIMIT",
        message: "The plan has 5 steps; the task's policy allows 4.",
        suggestion: "Plan fewer steps, or raise policy.maxSteps (at most 500).",
      },
    ],
  );
});
