import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredEvent } from "../../shared/contract/events.ts";
import { handle } from "../../test/support/handle.ts";
import {
  completed,
  modelLog,
  planned,
  signalled,
  step,
  submitted,
  verdictOn,
} from "../../test/support/model-log.ts";

const onlyEnd = (wrote: StoredEvent[]): StoredEvent<"run.finished"> => {
  const ends = wrote.filter((event) => event.type === "run.finished");
  assert.equal(ends.length, 1);
  return ends[0]!;
};
/** A run whose step `a` is at work, and whose step `b` waits for it. */
const running = () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a"), step("b", { dependsOn: ["a"] })]);
  return { log, a: handle(log, { fact: validated.id }).wrote[0]! };
};

for (const [type, rest] of [
  ["step.skipped", ["b"]],
  ["step.dispatched", ["b", "1", "worker", "normal"]],
  ["step.failed", ["b", "1"]],
] as const) {
  test(`an unreadable ${type} ends the run failed, as soon as it is handled`, () => {
    const { log } = running();
    const junk = log.spoil(type, ...rest);
    const { data, causationId } = onlyEnd(handle(log, { fact: junk }).wrote);
    assert.deepEqual([data.outcome, data.error?.code, causationId], ["failed", "E_JSON", junk]);
    assert.deepEqual(data.counts, { completed: 0, failed: 1, skipped: 0 });
  });

  test(`a run with an unreadable ${type} that nobody handled can be cancelled`, () => {
    const { log } = running();
    const junk = log.spoil(type, ...rest);
    const cancel = log.write(signalled("cancel"));
    const { data, causationId } = onlyEnd(handle(log, { fact: cancel.id }).wrote);
    assert.deepEqual([data.outcome, causationId], ["failed", junk]);
  });

  test(`an unreadable ${type} that comes while a run is being cancelled keeps nobody from it`, () => {
    const { log } = running();
    const cancel = log.write(signalled("cancel"));
    let isSpoilt = false;
    const meanwhile = (): void => {
      if (!isSpoilt) log.spoil(type, ...rest);
      isSpoilt = true;
    };
    const { data } = onlyEnd(handle(log, { fact: cancel.id }, { meanwhile }).wrote);
    assert.equal(data.outcome, "cancelled");
  });

  test(`an unreadable ${type} of a step that need not succeed is the end of that step only`, () => {
    const log = modelLog();
    const { validated } = planned(log, [
      step("a"),
      step("b", { dependsOn: ["a"], onFailure: "continue" }),
      step("c", { dependsOn: ["b"] }),
    ]);
    const a = handle(log, { fact: validated.id }).wrote[0]!;
    log.write(completed(a));
    const junk = log.spoil(type, ...rest);
    const { wrote } = handle(log, { fact: junk });
    assert.deepEqual(
      wrote.map((event) => [event.type, event.step, event.causationId]),
      [["step.dispatched", "c", junk]],
    );
  });
}

test("what stood for a step before there was a plan ends the run once there is one", () => {
  const log = modelLog();
  const task = log.write(submitted());
  const verdict = verdictOn(log, [step("a")], { rev: 0, causationId: task.id });
  const junk = log.spoil("step.skipped", "a");
  const validated = log.write(verdict);
  assert.deepEqual(handle(log, { fact: junk }).wrote, [], "its own handler could not know");
  const { data, causationId } = onlyEnd(handle(log, { fact: validated.id }).wrote);
  assert.deepEqual([data.outcome, data.error?.code, causationId], ["failed", "E_JSON", validated.id]);
});

test("where the end of the run cannot be read it is over all the same", () => {
  const { log, a } = running();
  log.spoil("run.finished", "once");
  const result = log.write(completed(a));
  const cancel = log.write(signalled("cancel"));
  for (const fact of [result.id, cancel.id]) assert.deepEqual(handle(log, { fact }).wrote, []);
});

for (const type of ["plan.refused", "plan.update", "run.signal"] as const) {
  test(`an unreadable ${type} changes nothing`, () => {
    const { log, a } = running();
    const junk = log.spoil(type, "x");
    assert.deepEqual(handle(log, { fact: junk }).wrote, []);
    const result = log.write(completed(a));
    assert.equal(handle(log, { fact: result.id }).wrote[0]?.step, "b");
  });
}

test("an unreadable result that stood before the attempt is found when that is dispatched", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a", { maxAttempts: 2 })]);
  log.spoil("step.completed", "a");
  const [dispatched, failure] = handle(log, { fact: validated.id }).wrote;
  assert.deepEqual(
    [failure?.type, failure?.step, failure?.causationId],
    ["step.failed", "a", dispatched!.id],
    "of two causes the later one",
  );
});

test("what stands where a result belongs and cannot be read is the step's final failure", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a")]);
  const a = handle(log, { fact: validated.id }).wrote[0]!;
  const junk = log.spoil("step.completed", "a");
  const [failure, finished] = handle(log, { fact: junk }).wrote as [
    StoredEvent<"step.failed">,
    StoredEvent<"run.finished">?,
  ];
  assert.deepEqual(
    [failure.step, failure.attempt, failure.causationId, failure.data.error.code],
    [a.step, 1, junk, "E_SCHEMA"],
  );
  assert.equal(finished, undefined, "the end belongs to the failure");
});
