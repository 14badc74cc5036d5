import assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { catalogFolders, GOOD } from "../../test/support/catalog-files.ts";
import { loadCatalog } from "./load.ts";

const { folderWith, errorOf, remove } = catalogFolders();
after(remove);

test("a catalogue in a folder is read, with its defaults filled in, and frozen", () => {
  const catalog = loadCatalog([folderWith({}, "mine")]);
  assert.equal(catalog.rulesVersion, "mine@3");
  assert.equal(catalog.rules[0]?.priority, 10);
  assert.deepEqual(catalog.agents[0]?.skills, []);
  assert.match(catalog.rulesHash, /^[0-9a-f]{64}$/);
  assert.throws(() => Object.assign(catalog.agents[0]!, { name: "other" }), TypeError);
  assert.throws(() => (catalog.rules as unknown[]).push({}), TypeError);
});

test("rules and methods stand by priority, equal ones in the order of the files", () => {
  const rules = [
    ["a", 5],
    ["b", 9],
    ["c", 5],
    ["d", 9],
  ].map(([id, priority]) => `  - { id: ${id}, priority: ${priority}, when: {}, agent: coder, because: x }\n`);
  const catalog = loadCatalog([folderWith({ "rules.yaml": `version: "1"\nrules:\n${rules.join("")}` })]);
  assert.deepEqual(
    catalog.rules.map(({ id }) => id),
    ["b", "d", "a", "c"],
  );
});

test("the hashes follow what the rules and agents say, not how the files are written", () => {
  const plain = loadCatalog([folderWith()]);
  const spaced = loadCatalog([folderWith({ "rules.yaml": `# a remark\n${GOOD["rules.yaml"]}` })]);
  const other = loadCatalog([folderWith({ "rules.yaml": GOOD["rules.yaml"].replace("coding", "code") })]);
  assert.equal(spaced.rulesHash, plain.rulesHash);
  assert.notEqual(other.rulesHash, plain.rulesHash);
  assert.equal(other.registryHash, plain.registryHash);
});

test("several catalogues are one, and may refer to each other", () => {
  const more = {
    "agents.yaml": "agents: []",
    "rules.yaml": `version: "1"\nrules:\n  - { id: tests, when: { taskType: test }, agent: coder, because: testing }\n`,
    "methods.yaml": `methods:\n  - { id: again, version: 2, task: retry, ordered: [{ id: x, task: goal, title: Again }] }\n`,
  };
  const catalog = loadCatalog([folderWith(), folderWith(more)]);
  assert.deepEqual(
    catalog.rules.map(({ id }) => id),
    ["rule_code", "tests"],
  );
  assert.deepEqual(
    catalog.methods.map(({ id }) => id),
    ["make", "again"],
  );
});

test("what stands twice is told with the place where it stands first", () => {
  const [first, second] = [folderWith(), folderWith()];
  const { problems } = errorOf([first, second]);
  assert.deepEqual(problems, [
    { file: `${second}/agents.yaml`, line: 2, reason: `coder is already in ${first}/agents.yaml:2` },
    { file: `${second}/rules.yaml`, line: 3, reason: `rule_code is already in ${first}/rules.yaml:3` },
    { file: `${second}/methods.yaml`, line: 2, reason: `make is already in ${first}/methods.yaml:2` },
  ]);
});

test("all that is wrong is told at once; the message names the first and how many more", () => {
  const folder = folderWith({
    "agents.yaml": GOOD["agents.yaml"].replace("0.8", "80"),
    "rules.yaml": GOOD["rules.yaml"].replace("when:", "if:"),
  });
  const { problems, message } = errorOf([folder]);
  assert.deepEqual(
    problems.map(({ line }) => line),
    [5, 4, 3],
  );
  assert.ok(message.endsWith("expected number to be <=1 (and 2 more)"), message);
});

test("a folder, or a file in it, that is not there", () => {
  assert.deepEqual(
    errorOf(["./nowhere"]).message,
    "./nowhere: there is no such catalogue or folder; shipped are audit and business",
  );
  const folder = folderWith();
  rmSync(join(folder, "rules.yaml"));
  assert.equal(errorOf([folder]).message, `${folder}/rules.yaml:1: there is no such file`);
  mkdirSync(join(folder, "rules.yaml"));
  assert.equal(errorOf([folder]).reason, "is not a file");
});
