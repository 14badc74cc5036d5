import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredEvent } from "../../shared/contract/events.ts";
import type { FiredTimer, Timer } from "../../shared/contract/subjects.ts";
import { handle } from "../../test/support/handle.ts";
import { failed, modelLog, planned, RUN, step } from "../../test/support/model-log.ts";

const DEADLINE_MS = Date.parse("2026-01-01T01:00:00Z");

const fired = (timer: Omit<Timer, "run">, firedAtMs: number): FiredTimer => ({
  timer: { run: RUN, ...timer },
  firedAtMs,
});

test("a deadline that is not due by the log is no deadline, whoever says that it fired", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a")]);
  handle(log, { fact: validated.id });
  assert.deepEqual(handle(log, fired({ kind: "deadline" }, DEADLINE_MS - 1)).wrote, []);
  const end = handle(log, fired({ kind: "deadline" }, DEADLINE_MS)).wrote.at(-1);
  assert.equal((end as StoredEvent<"run.finished">).data.outcome, "expired");
});

test("an attempt has all its time, to the millisecond", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a", { timeoutMs: 5000 })]);
  const [dispatched] = handle(log, { fact: validated.id }).wrote;
  const timeout = { kind: "timeout", step: "a", attempt: 1 } as const;
  const dueMs = dispatched!.storedAtMs + 5000;
  assert.deepEqual(handle(log, fired(timeout, dueMs - 1)).wrote, []);
  assert.equal(handle(log, fired(timeout, dueMs)).wrote[0]?.type, "step.failed");
});

test("a retry waits as long as it has to", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a", { maxAttempts: 2 })]);
  const failure = log.write(failed(handle(log, { fact: validated.id }).wrote[0]!));
  const [[, dueMs]] = [...handle(log, { fact: failure.id }).timers] as [[string, number]];
  const retry = { kind: "retry", step: "a", attempt: 1 } as const;
  assert.deepEqual(handle(log, fired(retry, dueMs - 1)).wrote, []);
  assert.equal(handle(log, fired(retry, dueMs)).wrote[0]?.type, "step.dispatched");
});

test("the timer of one step or attempt is none of another", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a", { maxAttempts: 3 }), step("b", { maxAttempts: 3 })]);
  const [, b] = handle(log, { fact: validated.id }).wrote;
  const late = DEADLINE_MS - 1;
  const [failure] = handle(log, fired({ kind: "timeout", step: "a", attempt: 1 }, late)).wrote;
  assert.deepEqual([failure?.type, failure?.step], ["step.failed", "a"]);
  const other = log.write(failed(b!));

  const [again] = handle(log, fired({ kind: "retry", step: "a", attempt: 1 }, late)).wrote;
  assert.deepEqual([again?.step, again?.attempt, again?.causationId], ["a", 2, failure!.id]);
  assert.deepEqual(handle(log, fired({ kind: "timeout", step: "a", attempt: 1 }, late)).wrote, []);
  assert.deepEqual(handle(log, fired({ kind: "timeout", step: "a", attempt: 7 }, late)).wrote, []);
  assert.equal(handle(log, { fact: other.id }).timers.size, 1);

  const second = log.write(failed(again!));
  assert.deepEqual(handle(log, fired({ kind: "retry", step: "a", attempt: 1 }, late)).wrote, []);
  const [third] = handle(log, fired({ kind: "retry", step: "a", attempt: 2 }, late)).wrote;
  assert.deepEqual([third?.step, third?.attempt, third?.causationId], ["a", 3, second.id]);
});

test("an attempt that timed out sets no second timer for itself", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a", { maxAttempts: 2 })]);
  handle(log, { fact: validated.id });
  const { timers } = handle(log, fired({ kind: "timeout", step: "a", attempt: 1 }, DEADLINE_MS - 1));
  assert.deepEqual([...timers.keys()], []);
});
