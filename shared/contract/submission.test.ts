import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { readSubmission, runOfInbox, runOfKey } from "./submission.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");
const read = (value: unknown) => readSubmission(new TextEncoder().encode(JSON.stringify(value)), NOW);
const codeOf = (text: string): string => {
  try {
    readSubmission(new TextEncoder().encode(text), NOW);
    return "ok";
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const code = (value: unknown): string => codeOf(JSON.stringify(value));

test("a goal is enough, everything else is filled in", () => {
  const text = '{"goal":"x"}';
  assert.deepEqual(read({ goal: "x" }), {
    goal: "x",
    priority: "normal",
    requestHash: createHash("sha256").update(text).digest("hex"),
    deadline: "2026-01-01T01:00:00.000Z",
    policy: { maxDepth: 5, maxSteps: 100, maxReplans: 2, minScore: 0.6, profile: "aop-v1" },
  });
});

test("what is given is kept, in the log's form", () => {
  const { deadline, policy } = read({
    goal: "x",
    deadline: "2026-01-02T01:00:00+01:00",
    policy: { maxSteps: 500 },
  });
  assert.equal(deadline, "2026-01-02T00:00:00.000Z");
  assert.deepEqual([policy.maxSteps, policy.maxDepth], [500, 5]);
});

test("what is out of bounds is refused", () => {
  for (const bad of [
    {},
    { goal: "" },
    { goal: 1 },
    [],
    "x",
    null,
    { goal: "x", priority: "urgent" },
    { goal: "x", policy: { maxSteps: 501 } },
  ]) {
    assert.equal(code(bad), "E_SCHEMA", JSON.stringify(bad));
  }
  assert.equal(code({ goal: "x", taskType: "a.b" }), "E_SCHEMA");
  assert.equal(code({ goal: "x", deadline: "2025-12-31T23:59:59Z" }), "E_SCHEMA");
  assert.equal(code({ goal: "x", deadline: "2026-01-06T00:00:01Z" }), "E_SCHEMA");
  assert.equal(
    code({ goal: "x", labels: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`l${i}`, ""])) }),
    "E_SCHEMA",
  );
  assert.equal(code({ goal: "ä".repeat(32 * 1024 + 1) }), "E_TOO_LARGE", "counted in bytes");
});

test("an error names where it is wrong by no more of a caller's own key than a name has room for", () => {
  const labels = { [`a key\u0007${"x".repeat(1000)}`]: 1 };
  assert.throws(() => read({ goal: "x", labels }), {
    details: [{ path: `labels.a?key?${"x".repeat(58)}`, rule: "invalid_key" }],
  });
});

test("a client computes the run of its key", () => {
  assert.equal(runOfKey("order-1"), createHash("sha256").update("key|order-1").digest("hex").slice(0, 32));
  assert.equal(
    runOfInbox(3, "1767225600000000001"),
    createHash("sha256").update("inbox|3|1767225600000000001").digest("hex").slice(0, 32),
  );
});

const withNumber = (number: string): string => codeOf(`{"goal":"x","input":{"account":[${number}]}}`);

test("a number that would be stored as another is refused, and every other number is not", () => {
  for (const number of [
    "9007199254740993",
    "-9007199254740993",
    "9007199254740993.0",
    "9.007199254740993e15",
    "90071992547409930E-1",
    "0.0009007199254740993e+19",
    "12345678901234567890",
    "9".repeat(400),
    "1e999",
    "-1E+0309",
  ])
    assert.equal(withNumber(number), "E_SCHEMA", number);
  for (const number of [
    "9007199254740991",
    "-9007199254740992",
    "9007199254740991.0",
    "100000000000000000000",
    "1000000000000000000000000e-4",
    "6.02214076e+023",
    "1e308",
    "0.30000000000000004",
    "3.14159265358979323846",
    "-0.0000000000000000",
    "1e-400",
    '"9007199254740993"',
    '"1e999"',
  ])
    assert.equal(withNumber(number), "ok", number);
});

test("a number of very many zeros is read in linear time", { timeout: 5000 }, () => {
  assert.equal(withNumber(`0.${"0".repeat(200_000)}1`), "ok");
});
