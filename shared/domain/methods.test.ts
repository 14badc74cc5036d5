import assert from "node:assert/strict";
import { test } from "node:test";
import { inputOf, methodsFile, subtasksOf, type Method, type Subtask } from "./methods.ts";

function methodOf(more: object): Method {
  const { methods } = methodsFile.parse({ methods: [{ id: "m", version: 1, task: "goal", ...more }] });
  return methods[0]!;
}
const sub = (id: string, more: object = {}) => ({ id, task: "work", title: id, ...more });
const waits = (method: Method): [string, string[]][] =>
  subtasksOf(method).map(({ id, after }) => [id, after]);

test("what is left out has a default", () => {
  const method = methodOf({ ordered: [sub("a")] });
  assert.deepEqual(method, {
    id: "m",
    version: 1,
    task: "goal",
    priority: 10,
    when: {},
    ordered: [
      { id: "a", task: "work", title: "a", after: [], timeoutMs: 120_000, maxAttempts: 3, onFailure: "fail" },
    ],
  });
});

test("ordered subtasks wait for the one before them and for what else they name", () => {
  const method = methodOf({
    ordered: [sub("a"), sub("b"), sub("c", { after: ["a"] }), sub("d", { after: ["c"] })],
  });
  assert.deepEqual(waits(method), [
    ["a", []],
    ["b", ["a"]],
    ["c", ["a", "b"]],
    ["d", ["c"]],
  ]);
});

test("parallel subtasks wait for what they name and nothing else", () => {
  const method = methodOf({ parallel: [sub("a"), sub("b"), sub("c", { after: ["a", "b"] })] });
  assert.deepEqual(waits(method), [
    ["a", []],
    ["b", []],
    ["c", ["a", "b"]],
  ]);
});

test("an input is made of values and of what stands at a path, with a default where nothing does", () => {
  const facts = { input: { root: "src", deep: { list: [1, 2] } }, context: { owner: null } };
  const input = {
    root: { from: "input.root", default: "." },
    list: { from: "input.deep.list" },
    owner: { from: "context.owner", default: "nobody" },
    gone: { from: "input.gone" },
    size: 5,
    kinds: ["a", "b"],
    none: null,
  };
  const subtask = subtasksOf(methodOf({ ordered: [sub("a", { input })] }))[0] as Subtask;
  assert.deepEqual(inputOf(subtask, facts), {
    root: "src",
    list: [1, 2],
    owner: "nobody",
    size: 5,
    kinds: ["a", "b"],
    none: null,
  });
  assert.equal(inputOf(subtasksOf(methodOf({ ordered: [sub("a")] }))[0] as Subtask, facts), undefined);
});

test("the schema refuses unknown fields, both or neither order, and goals copied into steps", () => {
  const wrong = [
    { ordered: [sub("a")], prio: 1 },
    { ordered: [sub("a", { onFail: "skip" })] },
    { ordered: [sub("a")], parallel: [sub("b")] },
    {},
    { ordered: [] },
    { ordered: [sub("a-b")] },
    { ordered: [sub("1a")] },
    { ordered: [sub("a", { input: { text: { from: "goal" } } })] },
    { ordered: [sub("a", { input: { "x.y": 1 } })] },
    { ordered: [sub("a", { timeoutMs: 0 })] },
  ];
  for (const more of wrong) assert.throws(() => methodOf(more), JSON.stringify(more));
});
