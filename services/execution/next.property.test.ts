import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { StoredEvent } from "../../shared/contract/events.ts";
import type { Step } from "../../shared/contract/plan.ts";
import { readinessOf } from "../../shared/domain/readiness.ts";
import { foldRun, stateOf } from "../../shared/domain/run.ts";
import { modelLog, type ModelLog } from "../../test/support/model-log.ts";
import { randomPlan } from "../../test/support/random-plan.ts";
import { simulate } from "../../test/support/simulation.ts";

const factsOf = <T extends StoredEvent["type"]>({ events }: ModelLog, type: T): StoredEvent<T>[] =>
  events.filter((event) => event.type === type) as StoredEvent<T>[];

/** Where everything stands in the log, by its id, readable or not. */
function placesOf(log: ModelLog): Map<string, number> {
  const { events, unreadable } = log.history();
  return new Map([...events, ...unreadable].map(({ id, seq }) => [id, seq]));
}

test("whatever happens in whatever order, a run ends once, and its end says what came before", () => {
  // fast-check prints the seed and the path of a failure; `{ seed, path }` beside `numRuns` repeats it.
  fc.assert(
    fc.property(randomPlan, fc.infiniteStream(fc.nat(9999)), (steps, dice) => {
      const log = modelLog();
      const { retell } = simulate(log, steps, (sides) => dice.next().value! % sides);
      const [end, ...more] = factsOf(log, "run.finished");
      assert.ok(end !== undefined && more.length === 0, "one end");
      endSaysWhatCameBefore(log, end);
      nothingIsConcludedAfter(log, end);
      everythingHasItsCause(log);
      attemptsFollowEachOther(log);
      nothingStartsTooEarly(log);
      foldKeepsCount(log);
      const before = log.events.length;
      retell();
      assert.equal(log.events.length, before, "what is handled again changes nothing");
    }),
    { numRuns: 400 },
  );
});

function endSaysWhatCameBefore(log: ModelLog, end: StoredEvent<"run.finished">): void {
  const { outcome, counts, through } = end.data;
  assert.equal(through, end.seq - 1, "folded up to the fact before it");
  const { events, unreadable, run } = log.history();
  const upTo = <T extends { seq: number }>(facts: readonly T[]): T[] =>
    facts.filter(({ seq }) => seq <= through);
  const before = foldRun({
    run,
    events: upTo(events),
    unreadable: upTo(unreadable),
    lastSeq: through,
  });
  const states = before.plan?.primitives.map(({ id }) => stateOf(before, id).is) ?? [];
  for (const is of ["completed", "failed", "skipped"] as const)
    assert.equal(counts[is], states.filter((state) => state === is).length, is);
  assert.equal(outcome, before.ending?.outcome ?? "expired");
  if (outcome === "completed") assert.ok(states.every((is) => is !== "waiting" && is !== "running"));
}

function nothingIsConcludedAfter(log: ModelLog, end: StoredEvent): void {
  const late = log.events.filter(({ seq }) => seq > end.seq).map(({ type }) => type);
  assert.ok(!late.includes("step.skipped"), "nothing is skipped after the end");
}

function everythingHasItsCause(log: ModelLog): void {
  const placeOf = placesOf(log);
  for (const { type, causationId, seq } of log.events)
    if (causationId !== "") assert.ok(placeOf.get(causationId)! < seq, `${type} has an earlier cause`);
}

function attemptsFollowEachOther(log: ModelLog): void {
  const failures = factsOf(log, "step.failed");
  const run = foldRun(log.history());
  for (const { step, attempt = 1, seq } of factsOf(log, "step.dispatched")) {
    assert.ok(
      attempt <= (run.plan?.steps.get(step!)?.maxAttempts ?? 0),
      "no more attempts than the plan says",
    );
    const before = failures.find((failed) => failed.step === step && failed.attempt === attempt - 1);
    const isNext = before !== undefined && before.seq < seq && before.data.error.retryable;
    assert.ok(attempt === 1 || isNext, "an attempt starts after the failure of the one before");
  }
  for (const { step, seq } of factsOf(log, "step.skipped")) {
    const isBefore = (fact: StoredEvent): boolean => fact.step === step && fact.seq < seq;
    const begun = factsOf(log, "step.dispatched").filter(isBefore).length;
    assert.ok(begun <= failures.filter(isBefore).length, "nothing is skipped that is at work");
  }
}

/** A step starts after all that it waits for, with what it cannot go on without done, and after whom it is approved by. */
function nothingStartsTooEarly(log: ModelLog): void {
  const { plan } = foldRun(log.history());
  const parentsOf = (step: Step | undefined): Step[] =>
    step === undefined ? [] : [step, ...parentsOf(plan?.steps.get(step.parent ?? ""))];
  for (const { step: id = "", seq } of factsOf(log, "step.dispatched")) {
    const { events, unreadable, run } = log.history();
    const known = { run, lastSeq: seq - 1 };
    const before = foldRun({
      ...known,
      events: events.filter((event) => event.seq < seq),
      unreadable: unreadable.filter((fact) => fact.seq < seq),
    });
    for (const other of plan?.waitsFor(id) ?? []) {
      const { is } = stateOf(before, other);
      const isEnough =
        is === "completed" || ((is === "failed" || is === "skipped") && plan?.policyOf(other) === "continue");
      assert.ok(isEnough, `${id} starts while ${other} is ${is}`);
    }
    for (const { id: asked, approval } of parentsOf(plan?.steps.get(id)))
      if (approval) assert.ok(before.approvals.has(asked), `${id} starts before ${asked} is approved`);
  }
}

function foldKeepsCount(log: ModelLog): void {
  const history = log.history();
  const run = foldRun(history);
  if (run.plan) assert.deepEqual(run.readiness, readinessOf(run.plan, run.steps), "the counts of the fold");
  const again = foldRun({ ...history, events: history.events.toReversed().flatMap((e) => [e, e]) });
  assert.deepEqual([...again.steps], [...run.steps], "facts in any order, and seen twice, count once");
}
