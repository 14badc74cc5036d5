import assert from "node:assert/strict";
import { test } from "node:test";
import type { History } from "../../shared/contract/decider.ts";
import type { StoredEvent } from "../../shared/contract/events.ts";
import type { Timer } from "../../shared/contract/subjects.ts";
import { foldRun } from "../../shared/domain/run.ts";
import { completed, failed, modelLog, planned, RUN, signalled, step } from "../../test/support/model-log.ts";
import { handle } from "../../test/support/handle.ts";
import { next, type Trigger } from "./next.ts";

const on = (event: StoredEvent): Trigger => ({ fact: event.id });
/** The deadline of the task that the tests submit. */
const DEADLINE_MS = Date.parse("2026-01-01T01:00:00Z");
/** The one timer that a decision sets, firing in time. */
const fired = (timers: Map<string, number>): Extract<Trigger, { timer: Timer }> => {
  assert.equal(timers.size, 1);
  const [[key, firedAtMs]] = [...timers] as [[string, number]];
  return { timer: JSON.parse(key) as Timer, firedAtMs };
};
const names = (events: StoredEvent[]): string[] =>
  events.map((e) => [e.type, e.step, e.attempt].filter((x) => x !== undefined).join(" "));
/** The model log carries no trace context; a fact's own is one with its sequence. */
const contextOf = ({ seq }: StoredEvent): string =>
  `00-${"a".repeat(32)}-${String(seq).padStart(16, "0")}-01`;
const traced = (history: History): History => ({
  ...history,
  events: history.events.map((event) => ({ ...event, traceparent: contextOf(event) })),
});
const only = (events: StoredEvent[]): StoredEvent => {
  assert.equal(events.length, 1);
  return events[0]!;
};

test("given a validated plan, the steps that wait for nothing are dispatched, each with its timer", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a"), step("b"), step("c", { dependsOn: ["a", "b"] })]);
  const { wrote, timers } = handle(log, on(validated));
  assert.deepEqual(names(wrote), ["step.dispatched a 1", "step.dispatched b 1"]);
  assert.deepEqual(
    [...timers.keys()].map((k) => JSON.parse(k)),
    [
      { run: RUN, kind: "timeout", step: "a", attempt: 1 },
      { run: RUN, kind: "timeout", step: "b", attempt: 1 },
    ],
  );
  assert.equal(timers.values().next().value, wrote[0]!.storedAtMs + 60_000);
});

test("given a task, its deadline is set", () => {
  const log = modelLog();
  const { task } = planned(log, [step("a")]);
  const { timers } = handle(log, on(task));
  assert.deepEqual(timers, new Map([[JSON.stringify({ run: RUN, kind: "deadline" }), DEADLINE_MS]]));
});

test("a join is caused by the last of its inputs, and links to the others", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a"), step("b"), step("c", { dependsOn: ["a", "b"] })]);
  const [a, b] = handle(log, on(validated)).wrote;
  const doneB = log.write(completed(b!, "from b"));
  const doneA = log.write(completed(a!, "from a"));
  assert.deepEqual(handle(log, on(doneB)).wrote, [], "the first of two results starts nothing");
  const [decided] = next(foldRun(traced(log.history())), on(doneA));
  assert.deepEqual(decided && "links" in decided && decided.links, [contextOf(doneB)]);
  const c = only(handle(log, on(doneA)).wrote) as StoredEvent<"step.dispatched">;
  assert.equal(c.causationId, doneA.id);
  assert.deepEqual(c.data.results, { a: "from a", b: "from b" });
});

test("the last result finishes the run with the outputs that nothing waits for", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a"), step("b", { dependsOn: ["a"] })]);
  const b = only(handle(log, on(log.write(completed(only(handle(log, on(validated)).wrote))))).wrote);
  const finished = only(
    handle(log, on(log.write(completed(b, { answer: 42 })))).wrote,
  ) as StoredEvent<"run.finished">;
  assert.equal(finished.data.outcome, "completed");
  assert.deepEqual(finished.data.result, { b: { answer: 42 } });
  assert.deepEqual(finished.data.counts, { completed: 2, failed: 0, skipped: 0 });
  assert.equal(finished.data.through, finished.seq - 1);
});

test("a failed attempt waits for its retry timer, then the next attempt goes out", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a", { maxAttempts: 2 })]);
  const first = only(handle(log, on(validated)).wrote);
  const failure = log.write(failed(first));
  const { wrote, timers } = handle(log, on(failure));
  assert.deepEqual(wrote, []);
  const retry = fired(timers);
  const afterMs = retry.firedAtMs - failure.storedAtMs;
  assert.ok(afterMs >= 500 && afterMs <= 625, `${afterMs} ms`);
  const second = only(handle(log, retry).wrote);
  assert.deepEqual([second.type, second.attempt, second.causationId], ["step.dispatched", 2, failure.id]);
  assert.deepEqual(handle(log, retry).wrote, [], "a timer that fires twice changes nothing");
  const finished = handle(log, on(log.write(failed(second)))).wrote.at(-1) as StoredEvent<"run.finished">;
  assert.equal(finished.data.outcome, "failed");
  assert.equal(finished.data.error?.code, "E_AGENT");
});

test("an attempt that does not answer in time is failed by execution, a retry follows", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a", { maxAttempts: 2 })]);
  const { wrote, timers } = handle(log, on(validated));
  const first = only(wrote);
  const timeout = fired(timers);
  const failure = only(handle(log, timeout).wrote) as StoredEvent<"step.failed">;
  assert.equal(failure.data.error.code, "E_TIMEOUT");
  assert.equal(failure.causationId, first.id);
  assert.deepEqual(handle(log, timeout).wrote, []);
});

test("onFailure skip skips what waits for the step and finishes the rest", () => {
  const log = modelLog();
  const { validated } = planned(log, [
    step("a", { onFailure: "skip" }),
    step("b", { dependsOn: ["a"] }),
    step("c", { dependsOn: ["b"] }),
    step("d"),
  ]);
  const [a, d] = handle(log, on(validated)).wrote;
  const { wrote } = handle(log, on(log.write(failed(a!))));
  assert.deepEqual(names(wrote), ["step.skipped b", "step.skipped c"]);
  const finished = only(handle(log, on(log.write(completed(d!)))).wrote) as StoredEvent<"run.finished">;
  assert.deepEqual(
    [finished.data.outcome, finished.data.counts],
    ["completed", { completed: 1, failed: 1, skipped: 2 }],
  );
});

test("onFailure continue lets what waits run without the result", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a", { onFailure: "continue" }), step("b", { dependsOn: ["a"] })]);
  const a = only(handle(log, on(validated)).wrote);
  const b = only(handle(log, on(log.write(failed(a)))).wrote) as StoredEvent<"step.dispatched">;
  assert.deepEqual([b.step, b.data.results], ["b", {}]);
});

test("a child takes the policy of its nearest parent that has one", () => {
  const log = modelLog();
  const steps = [
    step("p", { kind: "compound", onFailure: "continue" }),
    step("a", { parent: "p", level: 1 }),
    step("b", { dependsOn: ["p"] }),
  ];
  const { validated } = planned(log, steps);
  const a = only(handle(log, on(validated)).wrote);
  assert.deepEqual(names(handle(log, on(log.write(failed(a)))).wrote), ["step.dispatched b 1"]);
});

test("a step that asks for approval waits for it", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a", { approval: true })]);
  assert.deepEqual(handle(log, on(validated)).wrote, []);
  const approval = log.write(signalled("approve", "a"));
  assert.equal(only(handle(log, on(approval)).wrote).causationId, approval.id);
});

test("large outputs travel by reference to the message that holds them", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a"), step("b"), step("c", { dependsOn: ["a", "b"] })]);
  const [a, b] = handle(log, on(validated)).wrote;
  const large = log.write(completed(a!, "x".repeat(200_000))) as StoredEvent<"step.completed">;
  const c = only(handle(log, on(log.write(completed(b!, "small")))).wrote) as StoredEvent<"step.dispatched">;
  const results = c.data.results as { a: { $ref: string; bytes: number }; b: string };
  assert.equal(results.b, "small");
  assert.deepEqual([results.a.$ref, results.a.bytes], [large.subject, large.raw.length]);
});

test("a step waits for the approval of its parents too", () => {
  const log = modelLog();
  const { validated } = planned(log, [
    step("p", { kind: "compound", approval: true }),
    step("q", { kind: "compound", parent: "p", level: 1 }),
    step("a", { parent: "q", level: 2, approval: true }),
  ]);
  assert.deepEqual(handle(log, on(validated)).wrote, []);
  assert.deepEqual(handle(log, on(log.write(signalled("approve", "a")))).wrote, [], "its own is not enough");
  const approval = log.write(signalled("approve", "p"));
  assert.equal(only(handle(log, on(approval)).wrote).causationId, approval.id);
});

test("an approval that comes early is none of what starts the step later", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a"), step("b", { dependsOn: ["a"], approval: true })]);
  const a = only(handle(log, on(validated)).wrote);
  const approval = log.write(signalled("approve", "b"));
  assert.deepEqual(handle(log, on(approval)).wrote, []);
  const result = log.write(completed(a));
  assert.equal(only(handle(log, on(result)).wrote).causationId, result.id);
});
