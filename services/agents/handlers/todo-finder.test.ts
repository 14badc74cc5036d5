import assert from "node:assert/strict";
import { test } from "node:test";
import { tryStep } from "../../../test/support/try-step.ts";
import { makeTree } from "../../../test/support/tree.ts";
import type { TodoList } from "../audit/results.ts";
import { agent } from "./todo-finder.ts";

async function found(auditRoot: string): Promise<TodoList> {
  const { outcome } = await tryStep(agent({ auditRoot, resultsDir: "unused" }), { taskType: "find_todos" });
  assert.ok("completed" in outcome, JSON.stringify(outcome));
  return outcome.completed.output as TodoList;
}

// The marks are put together here, so that an audit of this repository does not find its own tests.
const mark = (tag: string, text: string): string => `// ${tag}: ${text}`;
const TODO = ["TO", "DO"].join("");
const FIXME = ["FIX", "ME"].join("");

test("finds marks with file, line and text", async (t) => {
  const root = await makeTree(t, {
    "a.ts": `one\n  ${mark(TODO, "tidy up")}\nthree\n`,
    "b.py": `# ${FIXME} later\r\n# ${TODO} | <b>pipe</b>\r\n`,
  });
  const list = await found(root);
  assert.deepEqual(list.items, [
    { path: "a.ts", line: 2, tag: TODO, text: mark(TODO, "tidy up") },
    { path: "b.py", line: 1, tag: FIXME, text: `# ${FIXME} later` },
    { path: "b.py", line: 2, tag: TODO, text: `# ${TODO} | <b>pipe</b>` },
  ]);
  assert.deepEqual(list.tags, [
    { tag: TODO, count: 2 },
    { tag: FIXME, count: 1 },
  ]);
  assert.equal(list.total, 3);
});

const LINES: [string, boolean][] = [
  [`// ${TODO} without a colon`, true],
  [`x = 1  # ${FIXME}`, true],
  [` * ${TODO}(ada): by name`, true],
  [`<!-- ${TODO} in a page -->`, true],
  [`${TODO} at the beginning of a line`, true],
  [`some words, then ${FIXME}: fix it`, true],
  [`the agent finds ${TODO} and ${FIXME} marks`, false],
  [`const ${TODO} = 1;`, false],
  [`// ${TODO}S ${TODO}_LIST todo my${TODO}`, false],
];

for (const [line, isMark] of LINES)
  test(`${JSON.stringify(line)} is ${isMark ? "a" : "no"} mark`, async (t) => {
    const { total } = await found(await makeTree(t, { "a.txt": line }));
    assert.equal(total, isMark ? 1 : 0);
  });

test("shows the first hundred, cuts long lines, counts all", async (t) => {
  const root = await makeTree(t, { "many.ts": `${mark(TODO, "x".repeat(500))}\n`.repeat(250) });
  const { total, items, leftOut } = await found(root);
  assert.deepEqual([total, items.length, leftOut], [250, 100, 150]);
  assert.equal(items[0]!.text.length, 160);
});

test("does not look into binary files", async (t) => {
  const root = await makeTree(t, { "a.bin": `\0${mark(TODO, "not text")}\n` });
  const { total, notRead } = await found(root);
  assert.deepEqual([total, notRead.binary], [0, 1]);
});
