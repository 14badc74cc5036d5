import assert from "node:assert/strict";
import { test } from "node:test";
import { GenesisError } from "./errors.ts";
import { EVENTS } from "./events.ts";
import { validate } from "./validate.ts";

const step = {
  id: "build",
  kind: "primitive",
  level: 0,
  taskType: "build",
  title: "Build it",
  dependsOn: [],
  timeoutMs: 1000,
  maxAttempts: 1,
  onFailure: "fail",
};

/** What is wrong with a plan of this one step: where, and which rule. */
function problems(change: object): unknown {
  const plan = { planner: { kind: "llm" }, steps: [{ ...step, ...change }] };
  try {
    validate(EVENTS["plan.decomposed"].data, plan, "data");
    return [];
  } catch (error) {
    assert.ok(error instanceof GenesisError);
    return [error.code, ...error.details];
  }
}

test("an attempt lasts at most as long as a run", () => {
  assert.deepEqual(problems({ timeoutMs: 432_000_000 }), []);
  assert.deepEqual(problems({ timeoutMs: 432_000_001 }), [
    "E_SCHEMA",
    { path: "data.steps.0.timeoutMs", rule: "at most 432000000" },
  ]);
});

test("a step's id may be the key of a result, so it never names a prototype", () => {
  const rule = "not __proto__, constructor, prototype";
  for (const id of ["__proto__", "constructor", "prototype"])
    assert.deepEqual(problems({ id }), ["E_SCHEMA", { path: "data.steps.0.id", rule }], id);
  for (const id of ["build", "constructor-1", "_prototype"]) assert.deepEqual(problems({ id }), [], id);
});
