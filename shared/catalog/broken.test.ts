import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { catalogFolders, GOOD, type Files } from "../../test/support/catalog-files.ts";

const { folderWith, errorOf, remove } = catalogFolders();
after(remove);

const agents = (from: string, to: string): Files => ({
  "agents.yaml": GOOD["agents.yaml"].replace(from, to),
});
const rules = (from: string, to: string): Files => ({ "rules.yaml": GOOD["rules.yaml"].replace(from, to) });
const methods = (from: string, to: string): Files => ({
  "methods.yaml": GOOD["methods.yaml"].replace(from, to),
});

const BROKEN: { what: string; files: Files; file: keyof typeof GOOD; line: number; reason: string }[] = [
  {
    what: "a list that is not closed",
    files: agents("[code, test]", "[code, test"),
    file: "agents.yaml",
    line: 4,
    reason: "Flow sequence in block collection must be sufficiently indented and end with a ]",
  },
  {
    what: "a tab as indentation",
    files: rules("    agent", "\tagent"),
    file: "rules.yaml",
    line: 5,
    reason: "Tabs are not allowed as indentation",
  },
  {
    what: "a field twice",
    files: agents("costTier: cheap", "costTier: cheap\n    costTier: medium"),
    file: "agents.yaml",
    line: 5,
    reason: "Map keys must be unique",
  },
  {
    what: "a tag",
    files: methods("task: goal", "task: !js goal"),
    file: "methods.yaml",
    line: 4,
    reason: "Unresolved tag: !js",
  },
  {
    what: "an alias",
    files: agents("[code, test]", "&types [code]\n    skills: *types"),
    file: "agents.yaml",
    line: 4,
    reason: "*types: write the value out, aliases are not known",
  },
  {
    what: "two documents in one file",
    files: { "agents.yaml": `${GOOD["agents.yaml"]}---\nagents: []\n` },
    file: "agents.yaml",
    line: 7,
    reason: "Source contains multiple documents; please use YAML.parseAllDocuments()",
  },
  {
    what: "an empty file",
    files: { "methods.yaml": "" },
    file: "methods.yaml",
    line: 1,
    reason: "Invalid input: expected object, received null",
  },
  {
    what: "bytes that are not UTF-8",
    files: { "rules.yaml": new Uint8Array([0x76, 0xff, 0xfe]) },
    file: "rules.yaml",
    line: 1,
    reason: "is not UTF-8",
  },
  {
    what: "a file that is too large",
    files: { "rules.yaml": `${GOOD["rules.yaml"]}#${"x".repeat(256 * 1024)}` },
    file: "rules.yaml",
    line: 1,
    reason: "is larger than 256 KiB",
  },
  {
    what: "a field that is missing",
    files: agents("    successRate: 0.8\n", ""),
    file: "agents.yaml",
    line: 2,
    reason: "agents[0].successRate: is missing",
  },
  {
    what: "a field that is not known",
    files: rules("because", "becaus"),
    file: "rules.yaml",
    line: 6,
    reason: "rules[0].becaus: is not a known field",
  },
  {
    what: "a value of another type",
    files: agents("concurrency: 2", "concurrency: two"),
    file: "agents.yaml",
    line: 6,
    reason: "agents[0].concurrency: Invalid input: expected number, received string",
  },
  {
    what: "a value out of range",
    files: agents("0.8", "80"),
    file: "agents.yaml",
    line: 5,
    reason: "agents[0].successRate: Too big: expected number to be <=1",
  },
  {
    what: "an item of a list that is no token",
    files: agents("[code, test]", "\n      - code\n      - unit test"),
    file: "agents.yaml",
    line: 5,
    reason: "agents[0].taskTypes[1]: Invalid string: must match pattern /^[A-Za-z0-9_-]{1,64}$/",
  },
  {
    what: "a condition on something that is not there to ask about",
    files: rules("{ taskType: code }", "\n      goal: code"),
    file: "rules.yaml",
    line: 5,
    reason:
      "rules[0].when.goal: must be a path that begins with taskType or title or input, names with dots between",
  },
  {
    what: "a test that the condition language does not know",
    files: rules("{ taskType: code }", "\n      taskType:\n        matches: co.*"),
    file: "rules.yaml",
    line: 6,
    reason: "rules[0].when.taskType.matches: is not a known field",
  },
  {
    what: "a method that is neither ordered nor parallel",
    files: methods("ordered:", "steps:"),
    file: "methods.yaml",
    line: 5,
    reason: "methods[0].steps: is not a known field",
  },
  {
    what: "a rule for an agent that does not exist",
    files: rules("agent: coder", "agent: codr"),
    file: "rules.yaml",
    line: 5,
    reason: "rule_code: there is no agent codr",
  },
  {
    what: "a rule for an agent that does not take the type",
    files: rules("{ taskType: code }", "{ taskType: { in: [code, paint] } }"),
    file: "rules.yaml",
    line: 4,
    reason: "rule_code: coder does not take paint",
  },
  {
    what: "a subtask that nobody does",
    files: methods("task: test", "task: paint"),
    file: "methods.yaml",
    line: 7,
    reason: "make: no agent takes paint, and no method decomposes it",
  },
  {
    what: "a method that only ever leads to itself",
    files: methods("task: test", "task: goal"),
    file: "methods.yaml",
    line: 7,
    reason: "make: no method for goal ends in steps that agents take",
  },
  {
    what: "two subtasks with one id",
    files: methods("id: test", "id: code"),
    file: "methods.yaml",
    line: 7,
    reason: "make: two subtasks have the id code",
  },
  {
    what: "a subtask after one that is not there",
    files: methods("title: Test it", "title: Test it, after: [design]"),
    file: "methods.yaml",
    line: 7,
    reason: "make: test is after design, which is not here",
  },
  {
    what: "subtasks that wait for each other",
    files: methods("title: Code it", "title: Code it, after: [test]"),
    file: "methods.yaml",
    line: 6,
    reason: "make: subtasks wait for each other: code after test after code",
  },
];

for (const { what, files, file, line, reason } of BROKEN) {
  test(`refused with file, line and reason: ${what}`, () => {
    const folder = folderWith(files);
    const error = errorOf([folder]);
    const path = join(folder, file);
    assert.deepEqual(
      { file: error.file, line: error.line, reason: error.reason },
      { file: path, line, reason },
    );
    assert.ok(error.message.startsWith(`${path}:${line}: ${reason}`));
  });
}
