import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { StoredEvent } from "../../shared/contract/events.ts";
import type { Step } from "../../shared/contract/plan.ts";
import type { Timer } from "../../shared/contract/subjects.ts";
import { foldRun, isTerminal, stateOf } from "../../shared/domain/run.ts";
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
import { next, type Trigger } from "./next.ts";

/** Handles a trigger as the stage runner does: decide, append, fold on, until nothing is left to append. */
function handle(
  log: ModelLog,
  trigger: Trigger,
  crashAfter = Infinity,
): { wrote: StoredEvent[]; timers: Map<string, number> } {
  const wrote: StoredEvent[] = [];
  const timers = new Map<string, number>();
  for (let round = 0; round < 1000; round++) {
    const { append, timers: set } = next(foldRun(log.history()), trigger);
    for (const { timer, atMs } of set) timers.set(JSON.stringify(timer), atMs);
    if (append.length === 0) return { wrote, timers };
    for (const one of append) {
      if (wrote.length >= crashAfter) return { wrote, timers };
      const expect = typeof one.expect === "object" ? { runAt: log.history().lastSeq } : one.expect;
      const appended = log.append({ event: one.event, expect });
      if (appended.kind === "stored") wrote.push(appended.event);
    }
  }
  throw new Error("does not settle");
}

const on = (event: StoredEvent): Trigger => ({ fact: event.id });
const names = (events: StoredEvent[]): string[] =>
  events.map((e) => [e.type, e.step, e.attempt].filter((x) => x !== undefined).join(" "));
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
  assert.deepEqual(
    timers,
    new Map([[JSON.stringify({ run: RUN, kind: "deadline" }), Date.parse("2026-01-01T01:00:00Z")]]),
  );
});

test("a join is caused by the last of its inputs, and links to the others", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a"), step("b"), step("c", { dependsOn: ["a", "b"] })]);
  const [a, b] = handle(log, on(validated)).wrote;
  const doneB = log.write(completed(b!, "from b"));
  const doneA = log.write(completed(a!, "from a"));
  assert.deepEqual(handle(log, on(doneB)).wrote, [], "the first of two results starts nothing");
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
  const [key, atMs] = [...timers][0]!;
  assert.ok(atMs >= failure.storedAtMs + 500 && atMs <= failure.storedAtMs + 625);
  const second = only(handle(log, { timer: JSON.parse(key) as Timer }).wrote);
  assert.deepEqual([second.type, second.attempt, second.causationId], ["step.dispatched", 2, failure.id]);
  assert.deepEqual(
    handle(log, { timer: JSON.parse(key) as Timer }).wrote,
    [],
    "a timer that fires twice changes nothing",
  );
  const finished = handle(log, on(log.write(failed(second)))).wrote.at(-1) as StoredEvent<"run.finished">;
  assert.equal(finished.data.outcome, "failed");
  assert.equal(finished.data.error?.code, "E_AGENT");
});

test("an attempt that does not answer in time is failed by execution, a retry follows", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a", { maxAttempts: 2 })]);
  const first = only(handle(log, on(validated)).wrote);
  const timeout: Trigger = { timer: { run: RUN, kind: "timeout", step: "a", attempt: 1 } };
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
  const deadline: Trigger = { timer: { run: RUN, kind: "deadline" } };
  handle(log, deadline, 1);
  const result = log.write(completed(a));
  assert.deepEqual(handle(log, on(result)).wrote, [], "the end belongs to the timer");
  const finished = only(handle(log, deadline).wrote) as StoredEvent<"run.finished">;
  assert.deepEqual([finished.data.outcome, finished.causationId], ["expired", task.id]);
});

test("a step that asks for approval waits for it", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a", { approval: true })]);
  assert.deepEqual(handle(log, on(validated)).wrote, []);
  const approval = log.write(signalled("approve", "a"));
  assert.equal(only(handle(log, on(approval)).wrote).causationId, approval.id);
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

test("large outputs travel by reference to the message that holds them", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a"), step("b"), step("c", { dependsOn: ["a", "b"] })]);
  const [a, b] = handle(log, on(validated)).wrote;
  const large = log.write(completed(a!, "x".repeat(200_000)));
  const c = only(handle(log, on(log.write(completed(b!, "small")))).wrote) as StoredEvent<"step.dispatched">;
  const results = c.data.results as { a: { $ref: string; bytes: number }; b: string };
  assert.equal(results.b, "small");
  assert.deepEqual([results.a.$ref, results.a.bytes], [large.subject, large.raw.length]);
});

test("a plan whose hash is not its own is never dispatched", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a")]);
  const forged = { ...validated, data: { ...validated.data, planHash: "f".repeat(64) } } as StoredEvent;
  log.events[log.events.indexOf(validated)] = forged;
  const finished = only(handle(log, on(forged)).wrote) as StoredEvent<"run.finished">;
  assert.deepEqual([finished.data.outcome, finished.data.error?.code], ["failed", "E_VALIDATION"]);
});

test("what stands where a result belongs and cannot be read is the step's final failure", () => {
  const log = modelLog();
  const { validated } = planned(log, [step("a")]);
  const a = only(handle(log, on(validated)).wrote);
  const garbage = {
    type: "step.completed" as const,
    run: RUN,
    rest: ["a"],
    seq: a.seq + 1,
    storedAtMs: 0,
    id: "junk",
    error: { code: "E_JSON" as const, message: "", retryable: false, details: [] },
  };
  const history = { ...log.history(), unreadable: [garbage], lastSeq: garbage.seq };
  const { append } = next(foldRun(history), { fact: "junk" });
  assert.deepEqual(
    append.map(({ event }) => [
      event.type,
      event.causationId,
      (event.data as { error: { code: string } }).error.code,
    ]),
    [["step.failed", "junk", "E_SCHEMA"]],
  );
});

/** Random DAGs: a step depends only on earlier ones. */
const dags = fc.integer({ min: 1, max: 8 }).chain((n) =>
  fc.tuple(
    ...Array.from({ length: n }, (_, i) =>
      fc.record({
        dependsOn: fc.uniqueArray(fc.nat(Math.max(0, i - 1)), { maxLength: i === 0 ? 0 : 3 }),
        onFailure: fc.constantFrom("fail" as const, "skip" as const, "continue" as const),
        maxAttempts: fc.integer({ min: 1, max: 3 }),
      }),
    ),
  ),
);

test("random plans under random orders, failures, crashes, duplicates and cancels end once and consistently", () => {
  fc.assert(
    fc.property(dags, fc.infiniteStream(fc.nat(999)), fc.boolean(), (shape, dice, cancels) => {
      const steps: Step[] = shape.map((s, i) =>
        step(`s${i}`, { ...s, dependsOn: s.dependsOn.map((d) => `s${d}`) }),
      );
      const log = modelLog();
      const roll = (n: number): number => (dice.next().value as number) % n;
      const { task, validated } = planned(log, steps);
      const pending: Trigger[] = [on(task), on(validated)];
      const answered = new Set<string>();
      if (cancels) pending.push(on(log.write(signalled("cancel"))));
      const afterwards = (wrote: StoredEvent[], timers: Map<string, number>): void => {
        for (const event of wrote) if (event.type === "step.failed") pending.push(on(event));
        for (const key of timers.keys()) pending.push({ timer: JSON.parse(key) as Timer });
      };
      for (let turn = 0; turn < 400; turn++) {
        const open = log.events.filter((e) => e.type === "step.dispatched" && !answered.has(e.id));
        const isDone = log.events.some((e) => e.type === "run.finished");
        if (isDone && pending.length === 0) break;
        if (open.length > 0 && (pending.length === 0 || roll(2) === 0)) {
          const dispatched = open[roll(open.length)]!;
          answered.add(dispatched.id);
          const answer = roll(4) === 0 ? failed(dispatched, roll(3) > 0) : completed(dispatched);
          const appended = log.append({ event: answer, expect: "subject" });
          if (appended.kind === "stored") pending.push(on(appended.event));
          continue;
        }
        const at = roll(pending.length || 1);
        const trigger = pending[at];
        if (!trigger) continue;
        if ("timer" in trigger && trigger.timer.kind === "deadline" && !isDone && pending.length > 1)
          continue;
        const crashes = roll(5) === 0;
        const { wrote, timers } = handle(log, trigger, crashes ? roll(3) : Infinity);
        afterwards(wrote, timers);
        if (!crashes && roll(6) > 0) pending.splice(at, 1);
      }
      for (const trigger of pending) handle(log, trigger);

      const run = foldRun(log.history());
      assert.equal(log.events.filter((e) => e.type === "run.finished").length, 1, "one end");
      const { counts, outcome, through } = run.finished!.data;
      const before = foldRun({
        ...log.history(),
        events: log.events.filter((e) => e.seq <= through),
        lastSeq: through,
      });
      for (const is of ["completed", "failed", "skipped"] as const) {
        assert.equal(counts[is], steps.filter((s) => stateOf(before, s.id).is === is).length, is);
      }
      if (outcome === "completed") assert.ok(steps.every((s) => isTerminal(stateOf(before, s.id))));
      assert.equal(before.ending?.outcome ?? "expired", outcome);
      for (const event of log.events) {
        if (event.type !== "step.dispatched" || event.attempt === 1) continue;
        assert.ok(
          log.events.some(
            (e) =>
              e.type === "step.failed" &&
              e.step === event.step &&
              e.attempt === event.attempt! - 1 &&
              e.seq < event.seq,
          ),
          "an attempt starts after the failure of the one before",
        );
      }
      const again = foldRun({ ...log.history(), events: log.events.flatMap((e) => [e, e]) });
      assert.deepEqual([...again.steps], [...run.steps], "facts seen twice count once");
    }),
    { numRuns: 300 },
  );
});
