import assert from "node:assert/strict";
import { test } from "node:test";
import { rulesFile, taskTypesOf } from "./rules.ts";

const ruleOf = (when: object) =>
  rulesFile.parse({ version: "1", rules: [{ id: "r", when, agent: "a", because: "it is so" }] }).rules[0]!;

test("a rule names task types by equality or by a list, or none at all", () => {
  assert.deepEqual(taskTypesOf(ruleOf({ taskType: "code" })), ["code"]);
  assert.deepEqual(taskTypesOf(ruleOf({ taskType: { in: ["code", "test", 7] } })), ["code", "test"]);
  assert.deepEqual(taskTypesOf(ruleOf({ taskType: { exists: true } })), []);
  assert.deepEqual(taskTypesOf(ruleOf({ "input.target": "agent_code" })), []);
  assert.equal(ruleOf({}).priority, 10);
});

test("a rule asks about the step and nothing else", () => {
  assert.throws(() => ruleOf({ goal: "x" }));
  assert.throws(() => rulesFile.parse({ version: "1", rules: [], rule: [] }));
});
