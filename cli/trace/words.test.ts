import assert from "node:assert/strict";
import { test } from "node:test";
import { linkTo, sampleSpan } from "../../test/support/sample-spans.ts";
import type { TraceRow } from "./rows.ts";
import { isFailure, linksOf, nameOf, placeOf, remarksOf, servicesOf } from "./words.ts";

const row = (more: Partial<TraceRow>): TraceRow => {
  return { depth: 0, rail: 0, goesOn: false, isCritical: false, isOrphan: false, ...more };
};
const sent = sampleSpan(1, undefined, "publish genesis.v1.plan.routed", { at: 0, service: "halo" });
const work = sampleSpan(2, 1, "process genesis.v1.plan.routed", { at: 1, service: "aop" });

test("a message is called by its subject without the prefix, whatever the prefix is", () => {
  const names = [
    "publish genesis.v1.plan.routed",
    "process cell7.v1.run.finished",
    "publish genesis.timers.set",
    "publish genesis.tasks",
  ];
  assert.deepEqual(
    names.map((name) => nameOf(row({ sent: sampleSpan(1, undefined, name, { at: 0 }) }))),
    ["plan.routed", "run.finished", "timers.set", "tasks"],
  );
  assert.equal(
    nameOf(row({ part: sampleSpan(1, undefined, "aop.validate", { at: 0 }), depth: 1 })),
    "aop.validate",
  );
});

test("who did it is told as far as it is known", () => {
  assert.deepEqual(
    [{ sent, work }, { sent }, { work }, { part: work, depth: 1 }].map((one) => servicesOf(row(one))),
    ["halo → aop", "halo", "→ aop", "aop"],
  );
});

test("a failure is a span that failed, or a message that tells of one", () => {
  const named = (name: string) =>
    row({ sent: sampleSpan(1, undefined, `publish genesis.v1.${name}`, { at: 0 }) });
  assert.deepEqual(
    ["step.failed", "plan.rejected", "plan.refused", "step.completed", "run.finished"].map((name) =>
      isFailure(named(name)),
    ),
    [true, true, true, false, false],
  );
  assert.equal(isFailure(row({ sent, work: { ...work, error: "E_INTERNAL" } })), true);
});

test("what is usual is not remarked on", () => {
  assert.deepEqual(
    remarksOf(
      row({
        sent,
        work: { ...work, attributes: { "genesis.attempt": 1, "messaging.nats.delivery_count": 1 } },
      }),
    ),
    [],
  );
});

test("links lead to rows, or say in which trace they end", () => {
  const step = { ...row({ sent, work }), step: "a" };
  const joining = row({
    work: {
      ...work,
      spanId: "9".padStart(16, "0"),
      links: [linkTo(2), { traceId: "c".repeat(32), spanId: "d".repeat(16) }],
    },
  });
  assert.deepEqual(linksOf([step, joining]), [
    [],
    [{ row: 0, name: "plan.routed", step: "a" }, { name: "trace cccccccc" }],
  ]);
  assert.deepEqual(placeOf(step), { name: "plan.routed", step: "a" });
});
