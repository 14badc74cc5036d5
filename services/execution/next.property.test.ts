import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { StoredEvent } from "../../shared/contract/events.ts";
import type { Step } from "../../shared/contract/plan.ts";
import type { Timer } from "../../shared/contract/subjects.ts";
import { foldRun, isTerminal, stateOf } from "../../shared/domain/run.ts";
import { handle } from "../../test/support/handle.ts";
import { completed, failed, modelLog, planned, signalled, step } from "../../test/support/model-log.ts";
import type { Trigger } from "./next.ts";

const on = (event: StoredEvent): Trigger => ({ fact: event.id });

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
