import assert from "node:assert/strict";
import { test } from "node:test";
import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import { foldRun } from "../../shared/domain/run.ts";
import { handle } from "../../test/support/handle.ts";
import {
  completed,
  failed,
  modelLog,
  planned,
  RUN,
  signalled,
  step,
  type ModelLog,
} from "../../test/support/model-log.ts";
import { next } from "./next.ts";

const names = (events: readonly StoredEvent[]): string[] =>
  events.map(({ type, step: id }) => (id === undefined ? type : `${type} ${id}`));
/** Stores a fact of somebody else between the first decision and what follows from it. */
const once = (log: ModelLog, event: () => NewEvent): (() => void) => {
  let isDone = false;
  return () => {
    if (!isDone) log.write(event());
    isDone = true;
  };
};
/** Another instance of execution asks an agent. */
const asked = (log: ModelLog, id: string, agent: string): NewEvent<"step.dispatched"> => {
  const { data } = log.events.find(
    ({ type }) => type === "step.dispatched",
  ) as StoredEvent<"step.dispatched">;
  return {
    type: "step.dispatched",
    run: RUN,
    step: id,
    attempt: 1,
    tokens: [id, 1, agent, "normal"],
    causationId: log.events.at(-1)!.id,
    data: { ...data, agent },
  };
};

test("a result that comes just before its attempt is given up is the result", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a")]);
  const { wrote, timers } = handle(log, { fact: validated.id });
  const [[, firedAtMs]] = [...timers] as [[string, number]];
  const timeout = { timer: { run: RUN, kind: "timeout", step: "a", attempt: 1 } as const, firedAtMs };
  const late = handle(log, timeout, { meanwhile: once(log, () => completed(wrote[0]!)) });
  assert.deepEqual(late.wrote, []);
});

test("what comes just before the end of a run counts in it", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a"), step("b")]);
  const [a] = handle(log, { fact: validated.id }).wrote;
  const cancel = log.write(signalled("cancel"));
  const { wrote } = handle(log, { fact: cancel.id }, { meanwhile: once(log, () => completed(a!)) });
  const { data, seq } = wrote[0] as StoredEvent<"run.finished">;
  assert.deepEqual([data.through, data.counts.completed], [seq - 1, 1]);
});

test("a step that is asked for just before it would be skipped is not skipped", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a"), step("b", { dependsOn: ["a"] })]);
  const [a] = handle(log, { fact: validated.id }).wrote;
  log.write(completed(a!));
  const cancel = log.write(signalled("cancel"));
  const { wrote } = handle(
    log,
    { fact: cancel.id },
    { meanwhile: once(log, () => asked(log, "b", "worker")) },
  );
  assert.deepEqual(names(wrote), ["run.finished"]);
});

test("an attempt that went to one agent does not go to another one too", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a"), step("b", { dependsOn: ["a"] })]);
  const [a] = handle(log, { fact: validated.id }).wrote;
  const result = log.write(completed(a!));
  const { wrote } = handle(
    log,
    { fact: result.id },
    { meanwhile: once(log, () => asked(log, "b", "other")) },
  );
  assert.deepEqual(wrote, []);
});

test("of two failures the earlier one is why a step is skipped, whichever is handled first", () => {
  const log = modelLog();
  const { validated } = planned(log, [
    step("a", { onFailure: "skip" }),
    step("b", { onFailure: "skip" }),
    step("c", { dependsOn: ["b", "a"] }),
    step("d"),
  ]);
  const [a, b] = handle(log, { fact: validated.id }).wrote;
  const [first, second] = [log.write(failed(a!)), log.write(failed(b!))];
  assert.deepEqual(handle(log, { fact: second.id }).wrote, []);
  const [skipped] = handle(log, { fact: first.id }).wrote as StoredEvent<"step.skipped">[];
  assert.deepEqual([skipped!.step, skipped!.data], ["c", { reason: "a failed", because: "a" }]);
});

test("who died between two skips goes on where it was", () => {
  const log = modelLog();
  const { validated } = planned(log, [
    step("a", { onFailure: "skip" }),
    step("b", { dependsOn: ["a"] }),
    step("c", { dependsOn: ["b"] }),
    step("d"),
  ]);
  const failure = log.write(failed(handle(log, { fact: validated.id }).wrote[0]!));
  assert.deepEqual(names(handle(log, { fact: failure.id }, { crashAfter: 1 }).wrote), ["step.skipped b"]);
  const [skipped] = handle(log, { fact: failure.id }).wrote as StoredEvent<"step.skipped">[];
  assert.deepEqual([skipped!.step, skipped!.data], ["c", { reason: "b skipped", because: "b" }]);
});

test("a chain of any length is skipped in one decision", () => {
  const log = modelLog();
  const chain = Array.from({ length: 150 }, (_, i) =>
    step(`s${i}`, { dependsOn: i === 0 ? [] : [`s${i - 1}`] }),
  );
  chain[0]!.onFailure = "skip";
  const { validated } = planned(log, [...chain, step("other")]);
  const failure = log.write(failed(handle(log, { fact: validated.id }).wrote[0]!));
  const decided = next(foldRun(log.history()), { fact: failure.id });
  assert.deepEqual(
    decided.map((one) => "event" in one && one.event.step),
    chain.slice(1).map(({ id }) => id),
  );
});

test("what waits for a step that need not succeed starts, be it skipped with others", () => {
  const log = modelLog();
  const { validated } = planned(log, [
    step("a", { onFailure: "skip" }),
    step("b", { dependsOn: ["a"], onFailure: "continue" }),
    step("c", { dependsOn: ["b"] }),
  ]);
  const failure = log.write(failed(handle(log, { fact: validated.id }).wrote[0]!));
  const { wrote } = handle(log, { fact: failure.id });
  assert.deepEqual(names(wrote), ["step.skipped b", "step.dispatched c"]);
});
