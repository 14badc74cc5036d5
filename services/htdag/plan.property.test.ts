import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { justRun } from "../../shared/contract/decider.ts";
import { POLICY_DEFAULTS, type EventData } from "../../shared/contract/events.ts";
import { canonicalJson } from "../../shared/contract/plan-hash.ts";
import { step as stepSchema } from "../../shared/contract/plan.ts";
import { dagOf } from "../../shared/domain/dag.ts";
import type { Method } from "../../shared/domain/methods.ts";
import { methodsOf, sub } from "../../test/support/methods.ts";
import { card } from "../../test/support/plans.ts";
import { plan } from "./plan.ts";

const agents = [card("worker", ["work"]), card("builder", ["generic"])];

function planned(
  methods: Method[],
  rev: number,
  limits: { maxDepth?: number; maxSteps?: number } = {},
): EventData<"plan.decomposed"> {
  const task = { goal: "open a shop", policy: { ...POLICY_DEFAULTS, ...limits } };
  return plan(task, rev, { methods, agents }, justRun);
}

/** Libraries of methods over a handful of task types, some of which agents take; they may well be recursive. */
const anyLibrary = fc
  .array(
    fc.record({
      task: fc.constantFrom("goal", "t1", "t2", "t3"),
      isOrdered: fc.boolean(),
      tasks: fc.array(fc.constantFrom("work", "work", "t1", "t2", "t3"), { minLength: 1, maxLength: 4 }),
    }),
    { maxLength: 8 },
  )
  .map((entries) =>
    methodsOf(
      ...entries.map(({ task, isOrdered, tasks }, i) => ({
        id: `m${i}`,
        task,
        [isOrdered ? "ordered" : "parallel"]: tasks.map((type, at) =>
          sub(`s${at}`, type, { title: `Do ${i}.${at}`, after: at > 1 ? ["s0"] : [] }),
        ),
      })),
    ),
  );

test("every plan of every library is a sound hierarchy within the limits, and the same bytes each time", () => {
  const anyLimits = fc.record({
    maxDepth: fc.integer({ min: 1, max: 4 }),
    maxSteps: fc.integer({ min: 1, max: 30 }),
  });
  fc.assert(
    fc.property(anyLibrary, anyLimits, fc.integer({ min: 0, max: 5 }), (methods, limits, rev) => {
      const made = planned(methods, rev, limits);
      const again = planned(methods, rev, limits);
      assert.equal(JSON.stringify(made), JSON.stringify(again));
      const dag = dagOf(made.steps);
      assert.deepEqual(dag.findings, []);
      assert.ok(made.steps.length >= 1 && made.steps.length <= limits.maxSteps);
      assert.ok(dag.depth <= limits.maxDepth);
      for (const step of made.steps) {
        stepSchema.parse(step);
        assert.equal(step.level, dag.levelOf(step.id));
        assert.equal(step.kind === "compound", dag.childrenOf(step.id).length > 0);
        if (step.kind === "primitive")
          assert.deepEqual(
            dag.waitsFor(step.id).filter((id) => !step.dependsOn.includes(id)),
            [],
            "all it waits for is named, so that it gets the results",
          );
      }
    }),
  );
});

test("over the revisions of a run no id gets another meaning", () => {
  fc.assert(
    fc.property(anyLibrary, (methods) => {
      const meanings = new Map<string, string>();
      for (const rev of [0, 1, 2, 3]) {
        for (const { id, kind, taskType, title } of planned(methods, rev).steps) {
          const meaning = canonicalJson([kind, taskType, title]);
          assert.equal(meanings.get(id) ?? meaning, meaning);
          meanings.set(id, meaning);
        }
      }
    }),
  );
});
