import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { conditionOn, match, splitByRoot, valueAt, type Condition } from "./condition.ts";

const schema = conditionOn(["goal", "input"]);
const holds = (condition: Condition, facts: Record<string, unknown>): boolean =>
  match(schema.parse(condition), facts) !== undefined;

test("a plain value asks for equality, without any conversion", () => {
  assert.deepEqual(match({ "input.target": "agent_code" }, { input: { target: "agent_code" } }), {
    "input.target": "agent_code",
  });
  assert.ok(!holds({ "input.n": 1 }, { input: { n: "1" } }));
  assert.ok(!holds({ "input.n": 1 }, { input: { n: 2 } }));
  assert.ok(holds({ "input.n": null }, { input: { n: null } }));
  assert.ok(!holds({ "input.n": null }, { input: {} }), "nothing is not null");
});

test("all that a condition asks must be true, and an empty condition always is", () => {
  const both = { "input.a": 1, "input.b": 2 };
  assert.deepEqual(match(both, { input: { a: 1, b: 2 } }), { "input.a": 1, "input.b": 2 });
  assert.equal(match(both, { input: { a: 1 } }), undefined);
  assert.deepEqual(match({}, {}), {});
});

test("in, exists, atLeast and atMost", () => {
  assert.ok(holds({ "input.x": { in: ["eu", "us"] } }, { input: { x: "us" } }));
  assert.ok(!holds({ "input.x": { in: ["eu", "us"] } }, { input: { x: "cn" } }));
  assert.ok(!holds({ "input.x": { in: ["eu", "us"] } }, {}));

  assert.ok(holds({ "input.x": { exists: true } }, { input: { x: false } }));
  assert.ok(holds({ "input.x": { exists: false } }, { input: {} }));
  assert.ok(holds({ "input.x": { exists: false } }, { input: { x: null } }));
  assert.ok(!holds({ "input.x": { exists: true } }, {}));

  const range = { "input.n": { atLeast: 100, atMost: 500 } };
  assert.deepEqual(
    [99, 100, 500, 501].map((n) => holds(range, { input: { n } })),
    [false, true, true, false],
  );
  assert.ok(!holds({ "input.n": { atLeast: 0 } }, { input: { n: "7" } }), "a text is no number");
  assert.ok(!holds({ "input.n": { atMost: 0 } }, { input: { n: null } }));
});

test("words are whole words, in any case and with anything between them", () => {
  const shop = { goal: { anyWord: ["shop", "online store"] } };
  assert.deepEqual(match(shop, { goal: "Open a SHOP!" }), { goal: ["shop"] });
  assert.deepEqual(match(shop, { goal: "an online-store, and a shop" }), { goal: ["shop", "online store"] });
  assert.equal(match(shop, { goal: "go shopping in a store" }), undefined);
  assert.equal(match(shop, { goal: ["shop"] }), undefined, "a list is no text");
  assert.equal(match(shop, {}), undefined);
  assert.deepEqual(match({ goal: { anyWord: ["Café"] } }, { goal: "a cafe\u0301" }), { goal: ["Café"] });
});

test("allWords wants every one, and both kinds go together", () => {
  const audit = { goal: { allWords: ["audit"], anyWord: ["repository", "code base"] } };
  assert.deepEqual(match(audit, { goal: "Audit this code base" }), { goal: ["audit", "code base"] });
  assert.equal(match(audit, { goal: "Audit the books" }), undefined);
  assert.equal(match(audit, { goal: "Clone this repository" }), undefined);
  assert.ok(!holds({ goal: { allWords: ["a", "b"] } }, { goal: "a" }));
});

test("what is too large for a decision record is only named", () => {
  const there = { "input.x": { exists: true } };
  assert.deepEqual(match(there, { input: { x: "y".repeat(300) } }), { "input.x": `${"y".repeat(200)}…` });
  assert.deepEqual(match(there, { input: { x: { a: 1 } } }), { "input.x": "(an object)" });
  assert.deepEqual(match(there, { input: { x: [1, 2] } }), { "input.x": "(a list of 2)" });
  assert.deepEqual(match({ "input.x": { exists: false } }, {}), { "input.x": null });
});

test("a path goes through own properties and list positions only", () => {
  const facts = { input: { files: [{ name: "a" }], text: "abc" } };
  assert.equal(valueAt(facts, "input.files.0.name"), "a");
  for (const path of ["input.files.7.name", "input.text.length", "input.toString", "input.__proto__.x"])
    assert.equal(valueAt(facts, path), undefined, path);
});

test("a condition is split by the root of its paths", () => {
  const condition = { goal: "g", input: { exists: true }, "input.a": 1, inputs: 2 };
  assert.deepEqual(splitByRoot(condition, "input"), {
    below: { input: { exists: true }, "input.a": 1 },
    rest: { goal: "g", inputs: 2 },
  });
});

test("the schema refuses what the language does not know", () => {
  const wrong = [
    { elsewhere: 1 },
    { "input.": 1 },
    { "input..a": 1 },
    { input: { matches: ".*" } },
    { input: {} },
    { input: [1] },
    { input: { in: [] } },
    { goal: { anyWord: ["!"] } },
    { input: { atLeast: "1" } },
  ];
  for (const condition of wrong) assert.ok(!schema.safeParse(condition).success, JSON.stringify(condition));
});

test("whatever the facts are, a condition has an answer", () => {
  const tests = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.constant(null),
    fc.record({ in: fc.array(fc.string(), { minLength: 1 }) }),
    fc.record({ exists: fc.boolean() }),
    fc.record({ atLeast: fc.integer(), atMost: fc.integer() }),
    fc.record({ anyWord: fc.constant(["a"]), allWords: fc.constant(["b"]) }),
  );
  const condition = fc.dictionary(fc.constantFrom("goal", "input.a", "input.a.b"), tests);
  fc.assert(
    fc.property(condition, fc.jsonValue(), fc.jsonValue(), (asked, goal, input) => {
      const found = match(asked as Condition, { goal, input });
      if (found !== undefined) assert.deepEqual(Object.keys(found).toSorted(), Object.keys(asked).toSorted());
    }),
  );
});
