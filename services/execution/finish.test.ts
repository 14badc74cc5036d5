import assert from "node:assert/strict";
import { test } from "node:test";
import { INLINE_BYTES } from "../../shared/contract/envelope.ts";
import type { ErrorShape } from "../../shared/contract/errors.ts";
import type { StoredEvent } from "../../shared/contract/events.ts";
import { handle } from "../../test/support/handle.ts";
import { completed, failed, modelLog, planned, step } from "../../test/support/model-log.ts";

/** The end of a run in which one step answered 150 KB and another one failed with this error. */
function endAfter(error: ErrorShape): StoredEvent<"run.finished"> {
  const log = modelLog();
  const { validated } = planned(log, [step("a"), step("b")]);
  const [a, b] = handle(log, { fact: validated.id }).wrote;
  log.write(completed(b!, "x".repeat(150_000)));
  const failure = log.write({ ...failed(a!), data: { agent: "worker", error } });
  return handle(log, { fact: failure.id }).wrote.at(-1) as StoredEvent<"run.finished">;
}

function bytesOf(data: StoredEvent["data"]): number {
  return Buffer.byteLength(JSON.stringify(data));
}

test("an agent's error stands in the end of the run as far as it is short", () => {
  const details = [{ path: "input.root", rule: "a folder" }];
  const error = { code: "E_INPUT" as const, message: "No such folder.", retryable: false, details };
  assert.deepEqual(endAfter(error).data.error, error);
});

test("an error as long as a message may be is cut, so that the run ends", () => {
  const details = Array.from({ length: 100 }, () => ({
    path: "p".repeat(900),
    rule: "\u{1F600}".repeat(250),
  }));
  const long = { code: "E_AGENT" as const, message: "m".repeat(4000), retryable: false, details, stack: "s" };
  const { data } = endAfter(long);
  assert.ok(bytesOf(data) < INLINE_BYTES, `${bytesOf(data)} bytes`);
  assert.deepEqual(data.error, {
    code: "E_AGENT",
    message: "m".repeat(200),
    retryable: false,
    details: Array.from({ length: 5 }, () => ({ path: "p".repeat(200), rule: "\u{1F600}".repeat(100) })),
  });
});

test("a text is never cut within a character: half of one could not be read again", () => {
  const details = [{ path: `${"p".repeat(199)}\u{1F600}`, rule: "" }];
  const { data } = endAfter({ code: "E_AGENT", message: "", retryable: false, details });
  assert.deepEqual(data.error?.details, [{ path: `${"p".repeat(199)}\u{FFFD}`, rule: "" }]);
});

test("an error takes its room from the result, which then stands by reference", () => {
  const details = Array.from({ length: 5 }, () => ({
    path: "\u0001".repeat(200),
    rule: "\u0001".repeat(200),
  }));
  const log = modelLog();
  const { validated } = planned(log, [step("a"), step("b")]);
  const [a, b] = handle(log, { fact: validated.id }).wrote;
  log.write(completed(b!, "x".repeat(INLINE_BYTES - 8192)));
  const error = { code: "E_AGENT" as const, message: "", retryable: false, details };
  const failure = log.write({ ...failed(a!), data: { agent: "worker", error } });
  const { data } = handle(log, { fact: failure.id }).wrote.at(-1) as StoredEvent<"run.finished">;
  assert.ok(bytesOf(data) < INLINE_BYTES, `${bytesOf(data)} bytes`);
  assert.equal(typeof data.result?.["b"], "object");
});

test("what a run used is counted up to the largest number that can be read back", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a"), step("b")]);
  const results = handle(log, { fact: validated.id }).wrote.map((dispatched) => {
    const answer = completed(dispatched);
    return log.write({
      ...answer,
      data: { ...answer.data, usage: { inputTokens: Number.MAX_SAFE_INTEGER, costMicroUsd: 3 } },
    });
  });
  const { data } = handle(log, { fact: results[1]!.id }).wrote.at(-1) as StoredEvent<"run.finished">;
  assert.deepEqual(data.usage, {
    inputTokens: Number.MAX_SAFE_INTEGER,
    outputTokens: 0,
    costMicroUsd: 6,
  });
});
