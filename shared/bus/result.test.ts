import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "../contract/envelope.ts";
import { ERRORS } from "../contract/errors.ts";
import type { StoredEvent } from "../contract/events.ts";
import { subjectsOf } from "../contract/subjects.ts";
import { resultOf, type StepOutcome } from "./result.ts";

const subjects = subjectsOf("genesis");
const dispatched = {
  run: "r",
  step: "s",
  attempt: 2,
  id: "0".repeat(32),
  correlationId: "corr-1",
  data: { agent: "worker" },
} as StoredEvent<"step.dispatched">;
const startedAt = "2026-01-01T00:00:00.000Z";

/** What a reader of the log makes of an outcome. */
function read(outcome: StepOutcome): StoredEvent {
  const { message } = resultOf(subjects, dispatched, { outcome, startedAt });
  return decode(subjects, { ...message, seq: 1, storedAtMs: 1, headers: new Map() });
}

const usage = { inputTokens: 3, costMicroUsd: 0 };

test("a result is what the agent returned, with what it cost", () => {
  const { type, attempt, data } = read({ completed: { output: { x: [1] }, usage } });
  assert.deepEqual([type, attempt], ["step.completed", undefined]);
  const { finishedAt, ...rest } = data as StoredEvent<"step.completed">["data"];
  assert.deepEqual(rest, { agent: "worker", attempt: 2, output: { x: [1] }, usage, startedAt });
  assert.ok(finishedAt > startedAt);
});

test("nothing is a result too", () => {
  const { data } = read({ completed: { output: undefined } });
  assert.equal((data as StoredEvent<"step.completed">["data"]).output, null);
});

const error = { code: "E_INPUT", message: ERRORS.E_INPUT.message, retryable: false, details: [] } as const;

test("a failure is what the agent said, with what it cost", () => {
  const { type, attempt, data } = read({ failed: { error: { ...error, details: [] }, usage } });
  assert.deepEqual([type, attempt, data], ["step.failed", 2, { agent: "worker", error, usage }]);
});

for (const [field, value, rule] of [
  ["inputTokens", 1.5, "must be int"],
  ["outputTokens", Number.NaN, "must be number"],
  ["outputTokens", Number.POSITIVE_INFINITY, "must be number"],
  ["inputTokens", 2 ** 53, `at most ${Number.MAX_SAFE_INTEGER}`],
  ["costMicroUsd", -1, "at least 0"],
  ["costMicroUsd", "3", "must be number"],
] as const)
  test(`a cost of ${field} ${value} would be unreadable: the attempt has failed for good, and says why`, () => {
    const spent = { usage: { [field]: value } };
    for (const outcome of [{ completed: { output: 1, ...spent } }, { failed: { error, ...spent } }]) {
      const { type, data } = read(outcome as StepOutcome);
      assert.equal(type, "step.failed");
      assert.deepEqual((data as StoredEvent<"step.failed">["data"]).error, {
        code: "E_AGENT",
        message: ERRORS.E_AGENT.message,
        retryable: false,
        details: [{ path: `usage.${field}`, rule }],
      });
    }
  });

test("an output that is no JSON, or too deep or large for a fact, is a failure for good", () => {
  let deep: unknown = 1;
  for (let level = 0; level < 40; level++) deep = [deep];
  const circular: Record<string, unknown> = {};
  circular["itself"] = circular;
  for (const [output, code] of [
    [1n, "E_AGENT"],
    [circular, "E_AGENT"],
    [deep, "E_JSON"],
    [JSON.parse('{"__proto__":1}'), "E_JSON"],
    ["\ud800", "E_ENCODING"],
    ["x".repeat(300 * 1024), "E_TOO_LARGE"],
  ]) {
    const { type, data } = read({ completed: { output } });
    const { error: told } = data as StoredEvent<"step.failed">["data"];
    assert.deepEqual([type, told.code, told.retryable], ["step.failed", code, false]);
  }
});

test("an output is turned into JSON once", () => {
  let times = 0;
  const output = { toJSON: () => ++times };
  const { data } = read({ completed: { output } });
  assert.deepEqual([(data as StoredEvent<"step.completed">["data"]).output, times], [1, 1]);
});
