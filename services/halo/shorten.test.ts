import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "../../shared/catalog/load.ts";
import { justRun } from "../../shared/contract/decider.ts";
import { MAX_STEPS } from "../../shared/contract/events.ts";
import type { Decision } from "../../shared/contract/plan.ts";
import { fitsInFact } from "../../shared/domain/fact-size.ts";
import { step } from "../../test/support/model-log.ts";
import { route, type RoutedData } from "./route.ts";
import { FORMS } from "./shorten.ts";

const catalog = loadCatalog(["business", "audit"]);

for (const taskType of new Set(catalog.agents.flatMap((agent) => agent.taskTypes))) {
  test(`${MAX_STEPS} steps of the type ${taskType} go to the agents of the shipped catalogues`, () => {
    const steps = Array.from({ length: MAX_STEPS }, (_, i) =>
      step(`${i}`.padStart(64, "x"), { taskType, title: "t".repeat(512) }),
    );
    const full = route(steps, catalog, justRun);
    assert.equal(full.assignments.length, MAX_STEPS);
    const forms = FORMS.map((formOf) => formOf(full));
    assert.ok(forms.some(fitsInFact), "one of the forms fits into a message");
    for (const { assignments } of forms)
      assert.deepEqual(
        assignments.map(({ step: id, agent }) => [id, agent]),
        full.assignments.map(({ step: id, agent }) => [id, agent]),
      );
  });
}

const candidates = ["a", "b", "c", "d"].map((agent) => ({ agent, score: 0.5, rejectedBecause: "is full" }));
const decision: Decision = {
  method: "rule",
  rule: "r",
  matched: { taskType: "t" },
  candidates: [...candidates, { agent: "e", score: 0.4 }],
  others: { "does not take t": ["f", "g", "h", "i"], "is away": ["j"] },
  explanation: "Rule r matches.",
};
const routed = (record: Decision): RoutedData => ({
  rules: { version: "1", hash: "" },
  registryHash: "",
  assignments: [{ step: "s", agent: "e", decision: record }],
  unrouted: [{ step: "u", reason: "nobody", decision: { ...record, candidates } }],
});

test("the first form is the whole record", () => {
  assert.deepEqual(FORMS[0]!(routed(decision)), routed(decision));
});

test("the second one names fewer of those who were out of the question, and says how many more there are", () => {
  const { assignments } = FORMS[1]!(routed(decision));
  assert.deepEqual(assignments[0]!.decision, {
    ...decision,
    others: { "does not take t; 1 more are not named": ["f", "g", "h"], "is away": ["j"] },
  });
});

test("the third one tells of the chosen one, or else the first, and counts the rest", () => {
  const { assignments, unrouted } = FORMS[2]!(routed(decision));
  assert.deepEqual(assignments[0]!.decision, {
    ...decision,
    candidates: [{ agent: "e", score: 0.4 }],
    others: {},
    explanation: "In short, as the plan has many steps: by rule r to e; 4 more were in question, 5 were not.",
  });
  assert.deepEqual(unrouted[0]!.decision.candidates, [candidates[0]]);
  assert.equal(
    unrouted[0]!.decision.explanation,
    "In short, as the plan has many steps: to nobody; 3 more were in question, 5 were not.",
  );
});
