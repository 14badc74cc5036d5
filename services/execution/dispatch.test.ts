import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredEvent } from "../../shared/contract/events.ts";
import { foldRun } from "../../shared/domain/run.ts";
import { handle } from "../../test/support/handle.ts";
import { completed, failed, modelLog, planned, step } from "../../test/support/model-log.ts";
import { next } from "./next.ts";

test("an attempt gets the results of the primitive steps that it names, and no others", () => {
  const log = modelLog();
  const { validated } = planned(log, [
    step("group", { kind: "compound" }),
    step("inner", { parent: "group", level: 1 }),
    step("other"),
    step("last", { dependsOn: ["group", "other"] }),
  ]);
  const results = handle(log, { fact: validated.id }).wrote.map((asked) =>
    log.write(completed(asked, asked.step)),
  );
  const [last] = handle(log, { fact: results[1]!.id }).wrote as StoredEvent<"step.dispatched">[];
  assert.deepEqual([last!.step, last!.data.results], ["last", { other: "other" }]);
});

test("a join is a child of the result that started it, and linked to the others", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a"), step("b"), step("c", { dependsOn: ["a", "b"] })]);
  const [a, b] = handle(log, { fact: validated.id }).wrote.map((asked) => log.write(completed(asked)));
  a!.traceparent = `00-${"1".repeat(32)}-${"a".repeat(16)}-01`;
  b!.traceparent = `00-${"1".repeat(32)}-${"b".repeat(16)}-01`;
  const decided = next(foldRun(log.history()), { fact: b!.id });
  assert.deepEqual(
    decided.map((one) => "event" in one && [one.event.step, one.event.causationId, one.links]),
    [["c", b!.id, [a!.traceparent]]],
  );
});

test("every attempt of a step has the same key for its effects", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a", { maxAttempts: 2 })]);
  const [first] = handle(log, { fact: validated.id }).wrote as StoredEvent<"step.dispatched">[];
  const failure = log.write(failed(first!));
  const [[timer, firedAtMs]] = [...handle(log, { fact: failure.id }).timers] as [[string, number]];
  const [second] = handle(log, { timer: JSON.parse(timer), firedAtMs })
    .wrote as StoredEvent<"step.dispatched">[];
  assert.deepEqual([second!.attempt, second!.data.effectKey], [2, first!.data.effectKey]);
});

test("a dispatch that is too large to write is the failure of its attempt", () => {
  const log = modelLog();
  const input = { text: "x".repeat(261_000) };
  const { validated } = planned(log, [step("a", { input, maxAttempts: 3 })]);
  const [failure] = handle(log, { fact: validated.id }).wrote as StoredEvent<"step.failed">[];
  assert.deepEqual(
    [failure!.type, failure!.step, failure!.attempt, failure!.causationId, failure!.data.error.code],
    ["step.failed", "a", 1, validated.id, "E_TOO_LARGE"],
  );
  const [end] = handle(log, { fact: failure!.id }).wrote as StoredEvent<"run.finished">[];
  assert.equal(end!.data.outcome, "failed");
});
