import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredEvent } from "../../shared/contract/events.ts";
import type { Usage } from "../../shared/contract/plan.ts";
import { handle } from "../../test/support/handle.ts";
import { completed, failed, modelLog, planned, RUN, signalled, step } from "../../test/support/model-log.ts";
import type { Trigger } from "./next.ts";

const on = (event: StoredEvent): Trigger => ({ fact: event.id });
const names = (events: StoredEvent[]): string[] =>
  events.map((e) => [e.type, e.step, e.attempt].filter((x) => x !== undefined).join(" "));
const only = (events: StoredEvent[]): StoredEvent => {
  assert.equal(events.length, 1);
  return events[0]!;
};
const DEADLINE: Trigger = {
  timer: { run: RUN, kind: "deadline" },
  firedAtMs: Date.parse("2026-01-01T01:00:00Z"),
};

test("cancel skips what was not dispatched and ends the run at once", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a"), step("b", { dependsOn: ["a"] })]);
  handle(log, on(validated));
  const cancel = log.write(signalled("cancel"));
  const { wrote } = handle(log, on(cancel));
  assert.deepEqual(names(wrote), ["step.skipped b", "run.finished"]);
  assert.equal((wrote[1] as StoredEvent<"run.finished">).data.outcome, "cancelled");
  assert.equal(wrote[1]!.causationId, cancel.id);
});

test("a crash between the deadline's skips and the end still ends expired, even if the last result comes between", () => {
  const log = modelLog();
  const { task, validated } = planned(log, [step("a"), step("b", { dependsOn: ["a"] })]);
  const a = only(handle(log, on(validated)).wrote);
  handle(log, DEADLINE, { crashAfter: 1 });
  const result = log.write(completed(a));
  assert.deepEqual(handle(log, on(result)).wrote, [], "the end belongs to the timer");
  const finished = only(handle(log, DEADLINE).wrote) as StoredEvent<"run.finished">;
  assert.deepEqual([finished.data.outcome, finished.causationId], ["expired", task.id]);
});

test("a run that spent its budget ends failed", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a"), step("b", { dependsOn: ["a"] })], {
    budget: { tokens: 10 },
  });
  const a = only(handle(log, on(validated)).wrote);
  const answer = completed(a);
  const finished = handle(
    log,
    on(log.write({ ...answer, data: { ...answer.data, usage: { inputTokens: 11 } } })),
  ).wrote.at(-1);
  assert.equal((finished as StoredEvent<"run.finished">).data.error?.code, "E_BUDGET");
});

test("a plan whose hash is not its own is never dispatched", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a")]);
  const forged = { ...validated, data: { ...validated.data, planHash: "f".repeat(64) } } as StoredEvent;
  log.events[log.events.indexOf(validated)] = forged;
  const finished = only(handle(log, on(forged)).wrote) as StoredEvent<"run.finished">;
  assert.deepEqual([finished.data.outcome, finished.data.error?.code], ["failed", "E_VALIDATION"]);
});

test("the deadline ends a run whose ending nobody handled", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a")]);
  log.write(completed(only(handle(log, on(validated)).wrote)));
  const finished = only(handle(log, DEADLINE).wrote) as StoredEvent<"run.finished">;
  assert.equal(finished.data.outcome, "completed");
});

test("cancel skips a step that waits for its next attempt", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a", { maxAttempts: 2 })]);
  log.write(failed(only(handle(log, on(validated)).wrote)));
  const { wrote } = handle(log, on(log.write(signalled("cancel"))));
  assert.deepEqual(names(wrote), ["step.skipped a", "run.finished"]);
  assert.deepEqual((wrote[1] as StoredEvent<"run.finished">).data.counts, {
    completed: 0,
    failed: 0,
    skipped: 1,
  });
});

test("a person who rejects a run ends it; one who rejects a step does not", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a")]);
  handle(log, on(validated));
  assert.deepEqual(handle(log, on(log.write(signalled("reject", "a")))).wrote, []);
  const { data } = only(handle(log, on(log.write(signalled("reject")))).wrote) as StoredEvent<"run.finished">;
  assert.deepEqual(
    [data.outcome, data.error?.code, data.error?.details],
    ["rejected", "E_VALIDATION", [{ path: "signal", rule: "rejected by a person" }]],
  );
});

/** The end of a run of one step that used this much, on which its answer was the last word. */
function endAfter(usage: Usage, budget: { tokens?: number; costMicroUsd?: number }) {
  const log = modelLog();
  const { validated } = planned(log, [step("a")], { budget });
  const answer = completed(only(handle(log, on(validated)).wrote));
  const result = log.write({ ...answer, data: { ...answer.data, usage } });
  const { outcome, error } = (only(handle(log, on(result)).wrote) as StoredEvent<"run.finished">).data;
  return [outcome, error?.code];
}

test("a budget may be used up to its last token and micro-USD", () => {
  assert.deepEqual(endAfter({ inputTokens: 6, outputTokens: 4 }, { tokens: 10 }), ["completed", undefined]);
  assert.deepEqual(endAfter({ inputTokens: 6, outputTokens: 5 }, { tokens: 10 }), ["failed", "E_BUDGET"]);
  assert.deepEqual(endAfter({ costMicroUsd: 10 }, { costMicroUsd: 10 }), ["completed", undefined]);
  assert.deepEqual(endAfter({ costMicroUsd: 11 }, { costMicroUsd: 10 }), ["failed", "E_BUDGET"]);
});

test("what a failed attempt used counts as well", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a", { maxAttempts: 2 })], { budget: { tokens: 10 } });
  const failure = failed(only(handle(log, on(validated)).wrote));
  const event = log.write({ ...failure, data: { ...failure.data, usage: { outputTokens: 11 } } });
  const { data } = handle(log, on(event)).wrote.at(-1) as StoredEvent<"run.finished">;
  assert.deepEqual(
    [data.error?.code, data.usage],
    ["E_BUDGET", { inputTokens: 0, outputTokens: 11, costMicroUsd: 0 }],
  );
});
