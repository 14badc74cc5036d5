import assert from "node:assert/strict";
import { test } from "node:test";
import { justRun } from "../../shared/contract/decider.ts";
import type { EventData, NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import { subjectsOf } from "../../shared/contract/subjects.ts";
import { methodsOf, sub } from "../../test/support/methods.ts";
import { modelLog, planned, RUN, step, submitted, type ModelLog } from "../../test/support/model-log.ts";
import { card } from "../../test/support/plans.ts";
import { decide, type Asking } from "./decide.ts";
import { observe } from "./observe.ts";

const catalog = {
  methods: methodsOf({ id: "first", ordered: [sub("a")] }, { id: "second", ordered: [sub("b")] }),
  agents: [card("worker", ["work", "generic"])],
};
const subjects = subjectsOf("genesis");

function decided(log: ModelLog, event: StoredEvent): NewEvent[] {
  const given = { event: event as Asking, history: log.history(), catalog, subjects };
  return decide(given, justRun).map(({ event: made, expect }) => {
    assert.equal(expect, "subject");
    return made;
  });
}

function rejection(causationId: string, rev: number, final: boolean): NewEvent<"plan.rejected"> {
  const data = { planHash: "0".repeat(64), profile: "aop-v1", score: 0, parts: {}, checks: [], final };
  return { type: "plan.rejected", run: RUN, rev, tokens: [rev], causationId, data };
}

function update(baseRev: number, name = "u1"): NewEvent<"plan.update"> {
  const actor = { kind: "user" as const, name: "ada" };
  return {
    type: "plan.update",
    run: RUN,
    tokens: [name],
    causationId: "",
    data: { baseRev, because: "I changed my mind", actor },
  };
}

function finish(log: ModelLog): StoredEvent {
  const data = {
    outcome: "cancelled" as const,
    through: 1,
    counts: { completed: 0, failed: 0, skipped: 0 },
    usage: {},
  };
  return log.write({ type: "run.finished", run: RUN, tokens: ["once"], causationId: "", data });
}

function planOf(events: NewEvent[]): { rev: number | undefined; cause: string; ids: string[] } {
  const [event] = events;
  assert.equal(event?.type, "plan.decomposed");
  return { rev: event.rev, cause: event.causationId, ids: event.data.steps.map(({ id }) => id) };
}

function refusalOf(events: NewEvent[]): { to: unknown; code: string; reason: string } {
  const [event] = events;
  assert.equal(event?.type, "plan.refused");
  return { to: event.tokens[0], code: event.data.error.code, reason: event.data.reason };
}

test("a task becomes revision 0, and is answered once", () => {
  const log = modelLog();
  const task = log.write(submitted());
  const events = decided(log, task);
  assert.deepEqual(planOf(events), { rev: 0, cause: task.id, ids: ["a"] });
  log.write(events[0]!);
  assert.deepEqual(decided(log, task), []);
});

test("a rejection becomes the next revision, with the next plan that fits", () => {
  const log = modelLog();
  log.write(decided(log, log.write(submitted()))[0]!);
  const first = log.write(rejection("", 0, false));
  const second = decided(log, first);
  assert.deepEqual(planOf(second), { rev: 1, cause: first.id, ids: ["b"] });
  log.write(second[0]!);
  const again = log.write(rejection("", 1, false));
  assert.deepEqual(planOf(decided(log, again)), { rev: 2, cause: again.id, ids: ["b"] });
});

test("nothing follows a final rejection, a run that is over, or a run that has not begun", () => {
  const log = modelLog();
  const early = log.write(update(0));
  const task = log.write(submitted());
  assert.deepEqual(decided(log, early), []);
  assert.deepEqual(decided(log, log.write(rejection("", 0, true))), []);
  const open = log.write(rejection("", 1, false));
  finish(log);
  assert.deepEqual(decided(log, open), []);
  assert.deepEqual(decided(log, task), []);
  const nothing = modelLog();
  assert.deepEqual(decided(nothing, nothing.write(rejection("", 0, false))), []);
});

test("an update is refused with the reason, once", () => {
  const log = modelLog();
  planned(log, [step("a")]);
  const asked = log.write(update(0, "my-update"));
  const refused = decided(log, asked);
  assert.deepEqual(refusalOf(refused), {
    to: "my-update",
    code: "E_VALIDATION",
    reason: "Updates of a running plan are not supported yet; the run goes on with the plan it has.",
  });
  log.write(refused[0]!);
  assert.deepEqual(decided(log, asked), []);
});

test("an update of a revision that is not in force is stale", () => {
  const log = modelLog();
  log.write(submitted());
  const early = log.write(update(0));
  assert.deepEqual(refusalOf(decided(log, early)), {
    to: "u1",
    code: "E_STALE",
    reason: "It is based on revision 0, and no revision is validated yet.",
  });
  const other = modelLog();
  planned(other, [step("a")]);
  assert.equal(
    refusalOf(decided(other, other.write(update(3)))).reason,
    "It is based on revision 3, and revision 0 is in force.",
  );
});

test("an update that came before the end of the run is answered after it, a later one is not", () => {
  const log = modelLog();
  planned(log, [step("a")]);
  const before = log.write(update(0, "before"));
  finish(log);
  const late = log.write(update(0, "late"));
  assert.equal(refusalOf(decided(log, before)).to, "before");
  assert.deepEqual(decided(log, late), []);
});

test("a plan that is too large to write is a plan without steps that says so", () => {
  const log = modelLog();
  const task = log.write(submitted({ taskType: "work", input: { text: "x".repeat(255 * 1024) } }));
  const [event] = decided(log, task);
  assert.equal(event?.type, "plan.decomposed");
  assert.deepEqual(event.data, {
    planner: { kind: "fallback" },
    steps: [],
    because: "E_TOO_LARGE The message is larger than the contract allows.",
  } satisfies EventData<"plan.decomposed">);
});

test("what planning shows: the planner, the revision, the size, and of the goal only its length", () => {
  const log = modelLog();
  const task = log.write(submitted({ goal: "a secret goal" }));
  const attributes = {
    "gen_ai.operation.name": "plan",
    "htdag.planner": "methods",
    "genesis.revision": 0,
    "htdag.task_count": 1,
    "htdag.depth": 1,
    "htdag.request_length": 13,
  };
  assert.deepEqual(observe(task as Asking, decided(log, task)), {
    parts: [{ part: "htdag.decompose", attributes }],
    points: [
      { metric: "plans", labels: { planner: "methods", result: "planned" }, value: 1 },
      { metric: "planSteps", labels: { phase: "top_level" }, value: 1 },
      { metric: "planSteps", labels: { phase: "final" }, value: 1 },
      { metric: "planDepth", labels: {}, value: 1 },
    ],
  });
  assert.deepEqual(observe(task as Asking, []), {});
  const rejected = log.write(rejection("", 0, false));
  const [later] = observe(rejected as Asking, decided(log, rejected)).parts!;
  assert.equal(later!.attributes["genesis.revision"], 1);
  assert.equal(later!.attributes["htdag.request_length"], undefined);
});
