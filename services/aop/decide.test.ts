import assert from "node:assert/strict";
import { test } from "node:test";
import { justRun, type Append } from "../../shared/contract/decider.ts";
import { GenesisError } from "../../shared/contract/errors.ts";
import { POLICY_DEFAULTS, type EventData, type StoredEvent } from "../../shared/contract/events.ts";
import { planHash } from "../../shared/contract/plan-hash.ts";
import type { Step } from "../../shared/contract/plan.ts";
import { modelLog, RUN, signalled, step, submitted, type ModelLog } from "../../test/support/model-log.ts";
import { ORIGINAL_AGENTS, routedPlan } from "../../test/support/plans.ts";
import { decide } from "./decide.ts";

const GOOD = [
  step("design", { taskType: "design" }),
  step("build", { taskType: "build", dependsOn: ["design"] }),
];
const BAD = [step("dance", { taskType: "dance" })];
const WORSE = [step("sing", { taskType: "sing" })];

type Routed = StoredEvent<"plan.routed">;
type Policy = EventData<"task.submitted">["policy"];

/** A run whose task was accepted. */
function begun(policy: Partial<Policy> = {}): ModelLog {
  const log = modelLog();
  log.write(submitted({ policy: { ...POLICY_DEFAULTS, ...policy } }));
  return log;
}

/** HTDAG and HALO at work: a revision is decomposed and routed. */
function revision(log: ModelLog, rev: number, steps: Step[], causationId = log.events.at(-1)!.id): Routed {
  const about = { run: RUN, rev, tokens: [rev] };
  const planner = { kind: "methods" as const };
  const decomposed = log.write({ type: "plan.decomposed", ...about, causationId, data: { planner, steps } });
  return log.write({
    type: "plan.routed",
    ...about,
    causationId: decomposed.id,
    data: { rules: { version: "1", hash: "" }, registryHash: "", ...routedPlan(steps).routed },
  }) as Routed;
}

const decideOn = (log: ModelLog, event: Routed): Append[] =>
  decide({ event, history: log.history(), agents: ORIGINAL_AGENTS }, justRun);

/** Decides and stores what was decided. */
function judge(log: ModelLog, event: Routed): StoredEvent<"plan.validated"> | StoredEvent<"plan.rejected"> {
  const [append] = decideOn(log, event);
  const stored = log.append(append!);
  assert.ok(stored.kind === "stored");
  const { event: verdict } = stored;
  assert.ok(verdict.type === "plan.validated" || verdict.type === "plan.rejected");
  return verdict;
}

const isFinal = (verdict: StoredEvent): boolean | undefined =>
  verdict.type === "plan.rejected" ? verdict.data.final : undefined;

test("a good plan is validated under its revision, with the hash of what stands in the log", () => {
  const log = begun();
  const routed = revision(log, 0, GOOD);
  const verdict = judge(log, routed);
  assert.equal(verdict.type, "plan.validated");
  assert.equal(verdict.subject, `genesis.v1.plan.validated.${RUN}.0`);
  assert.equal(verdict.causationId, routed.id);
  assert.equal(verdict.data.planHash, planHash(GOOD, routed.data.assignments));
});

test("a verdict is stored only if nothing was added to the run since it was decided", () => {
  for (const steps of [GOOD, BAD]) {
    const log = begun();
    const routed = revision(log, 0, steps);
    const [append] = decideOn(log, routed);
    assert.deepEqual(append!.expect, { runAt: routed.seq });
    log.write(signalled("pause"));
    assert.equal(log.append(append!).kind, "moved");
    assert.deepEqual(decideOn(log, routed)[0]!.expect, { runAt: routed.seq + 1 });
  }
});

test("a bad plan goes back to HTDAG until its replans are used up", () => {
  const log = begun({ maxReplans: 2 });
  assert.equal(isFinal(judge(log, revision(log, 0, BAD))), false);
  assert.equal(isFinal(judge(log, revision(log, 1, WORSE))), false);
  assert.equal(isFinal(judge(log, revision(log, 2, [step("hum", { taskType: "hum" })]))), true);
});

test("without replans the first rejection is the last", () => {
  const log = begun({ maxReplans: 0 });
  assert.equal(isFinal(judge(log, revision(log, 0, BAD))), true);
});

test("a planner that only repeats itself ends the run", () => {
  const log = begun({ maxReplans: 20 });
  assert.equal(isFinal(judge(log, revision(log, 0, BAD))), false);
  assert.equal(isFinal(judge(log, revision(log, 1, WORSE))), false, "not the one before");
  assert.equal(isFinal(judge(log, revision(log, 2, BAD))), false, "equal to an older one");
  assert.equal(isFinal(judge(log, revision(log, 3, structuredClone(BAD)))), true);
});

test("a replan that passes is validated, whatever came before", () => {
  const log = begun({ maxReplans: 1 });
  judge(log, revision(log, 0, BAD));
  assert.equal(judge(log, revision(log, 1, GOOD)).type, "plan.validated");
});

test("a revision that came from an update never ends the run and does not count", () => {
  const log = begun({ maxReplans: 1 });
  judge(log, revision(log, 0, GOOD));
  for (const rev of [1, 2, 3]) {
    const update = log.write({
      type: "plan.update",
      run: RUN,
      tokens: [`u${rev}`],
      causationId: "",
      data: { baseRev: 0, because: "a test", actor: { kind: "user", name: "test" } },
    });
    assert.equal(isFinal(judge(log, revision(log, rev, BAD, update.id))), false);
  }
  assert.equal(isFinal(judge(log, revision(log, 4, WORSE))), false, "the first that counts");
  assert.equal(isFinal(judge(log, revision(log, 5, [step("hum", { taskType: "hum" })]))), true);
});

test("what stands under the run's id before its task is ignored", () => {
  const log = modelLog();
  const data = { planHash: "0".repeat(64), profile: "aop-v1", score: 0, parts: {}, checks: [], final: false };
  for (const rev of [7, 8, 9])
    log.write({ type: "plan.rejected", run: RUN, rev, tokens: [rev], causationId: "", data });
  log.write(submitted({ policy: { ...POLICY_DEFAULTS, maxReplans: 1 } }));
  assert.equal(isFinal(judge(log, revision(log, 0, BAD))), false);
});

/** Execution at work: a step is dispatched to whom it was assigned. */
function dispatch(log: ModelLog, one: Step): void {
  log.write({
    type: "step.dispatched",
    run: RUN,
    step: one.id,
    attempt: 1,
    tokens: [one.id, 1, "spec_agent", "normal"],
    causationId: log.events.at(-1)!.id,
    data: {
      planHash: "0".repeat(64),
      agent: "spec_agent",
      taskType: one.taskType,
      title: one.title,
      input: {},
      results: {},
      deadline: "2026-01-01T01:00:00Z",
      timeoutMs: 1000,
      effectKey: "key",
    },
  });
}

test("a revision may neither remove nor change a step that was dispatched before it takes effect", () => {
  const log = begun();
  judge(log, revision(log, 0, GOOD));
  const without = revision(
    log,
    1,
    [GOOD[1]!].map((one) => ({ ...one, dependsOn: [] })),
  );
  assert.equal(decideOn(log, without)[0]!.event.type, "plan.validated", "nothing was dispatched yet");
  dispatch(log, GOOD[0]!);
  const verdict = judge(log, without);
  assert.equal(verdict.type, "plan.rejected");
  const containment = verdict.data.checks.find(({ check }) => check === "containment");
  assert.equal(
    containment?.findings[0]?.message,
    'Step "design" was already dispatched, and this revision leaves it out.',
  );
  const kept = revision(log, 2, [GOOD[0]!, { ...GOOD[1]!, input: { faster: true } }]);
  assert.equal(judge(log, kept).type, "plan.validated");
});

test("an id of a revision that was rejected is not used for something else either", () => {
  const log = begun();
  judge(log, revision(log, 0, BAD));
  const verdict = judge(log, revision(log, 1, [step("dance", { taskType: "test" })]));
  assert.deepEqual(
    verdict.data.checks.filter((check) => !check.passed).map(({ check }) => check),
    ["containment"],
  );
});

test("an id that comes twice in one plan is no matter of earlier revisions", () => {
  const log = begun();
  const verdict = judge(log, revision(log, 0, [GOOD[0]!, { ...GOOD[0]!, title: "something else" }]));
  const failed = verdict.data.checks.filter((check) => !check.passed).map(({ check }) => check);
  assert.ok(failed.includes("structure") && !failed.includes("containment"));
});

test("a plan without steps is rejected, with what the planner said", () => {
  const log = begun();
  const decomposed = log.write({
    type: "plan.decomposed",
    run: RUN,
    rev: 0,
    tokens: [0],
    causationId: log.events[0]!.id,
    data: { planner: { kind: "methods" }, steps: [], because: "E_TOO_LARGE" },
  });
  const routed = log.write({
    type: "plan.routed",
    run: RUN,
    rev: 0,
    tokens: [0],
    causationId: decomposed.id,
    data: { rules: { version: "1", hash: "" }, registryHash: "", assignments: [], unrouted: [] },
  }) as Routed;
  const verdict = judge(log, routed);
  assert.equal(isFinal(verdict), false);
  const codes =
    verdict.type === "plan.rejected" && verdict.data.checks.flatMap((c) => c.findings).map((f) => f.code);
  assert.deepEqual(codes, ["E_TOO_LARGE"]);
});

test("a revision that has its verdict, and a run that has ended or not begun, get none", () => {
  const log = begun();
  const routed = revision(log, 0, GOOD);
  judge(log, routed);
  assert.deepEqual(decideOn(log, routed), []);

  const ended = begun();
  const late = revision(ended, 0, GOOD);
  ended.write({
    type: "run.finished",
    run: RUN,
    tokens: ["once"],
    causationId: late.id,
    data: {
      outcome: "cancelled",
      through: late.seq,
      counts: { completed: 0, failed: 0, skipped: 2 },
      usage: {},
    },
  });
  assert.deepEqual(decideOn(ended, late), []);

  const early = modelLog();
  const before = revision(early, 0, GOOD, "");
  assert.deepEqual(decideOn(early, before), [], "no task");
  early.write(submitted());
  assert.deepEqual(decideOn(early, before), [], "its task came after it");
});

test("what was routed must stand in the log, readable and after the task; execution ends such a run", () => {
  const log = begun();
  const routed = revision(log, 0, GOOD);
  const { events, ...history } = log.history();
  const without = { ...history, events: events.filter((event) => event.type !== "plan.decomposed") };
  assert.throws(
    () => decide({ event: routed, history: without, agents: ORIGINAL_AGENTS }, justRun),
    (error) => error instanceof GenesisError && error.code === "E_VALIDATION" && !error.retryable,
  );
});
