import assert from "node:assert/strict";
import { test } from "node:test";
import { justRun } from "../../shared/contract/decider.ts";
import { encode } from "../../shared/contract/envelope.ts";
import type { StoredEvent } from "../../shared/contract/events.ts";
import type { Step } from "../../shared/contract/plan.ts";
import { subjectsOf } from "../../shared/contract/subjects.ts";
import { modelLog, planned, step } from "../../test/support/model-log.ts";
import { card } from "../../test/support/plans.ts";
import { decide } from "./decide.ts";

const registry = {
  agents: Array.from({ length: 25 }, (_, i) => card(`agent_number_${i}`, i === 0 ? ["noop"] : ["other"])),
  rules: [],
  rulesVersion: "test@1",
  rulesHash: "r".repeat(64),
  registryHash: "a".repeat(64),
};

function decomposed(steps: Step[]): StoredEvent<"plan.decomposed"> {
  const log = modelLog();
  planned(log, steps);
  return log.events.find((event) => event.type === "plan.decomposed")!;
}

function routed(steps: Step[]) {
  const event = decomposed(steps);
  const [append, ...more] = decide(event, registry, justRun);
  assert.deepEqual(more, []);
  assert.equal(append?.event.type, "plan.routed");
  return { cause: event, expect: append.expect, event: append.event };
}

test("a plan becomes its routed form, in the same revision and caused by it", () => {
  const { cause, expect, event } = routed([step("a"), step("b", { taskType: "paint" })]);
  const { type, run, rev, tokens, causationId, data } = event;
  assert.deepEqual(
    { type, run, rev, tokens, causationId, expect },
    { type: "plan.routed", run: cause.run, rev: 0, tokens: [0], causationId: cause.id, expect: "subject" },
  );
  assert.deepEqual(
    data.assignments.map((a) => a.agent),
    ["agent_number_0"],
  );
  assert.deepEqual(
    data.unrouted.map((u) => u.reason),
    ["no agent takes paint"],
  );
});

test("a plan without steps has nothing to route", () => {
  const { data } = routed([]).event;
  assert.deepEqual([data.assignments, data.unrouted], [[], []]);
});

test("when the records do not fit into a message no step has an agent, and that is why", () => {
  const { event } = routed([
    step("group", { kind: "compound" }),
    ...Array.from({ length: 450 }, (_, i) => step(`step_number_${i}`, { parent: "group" })),
  ]);
  assert.deepEqual(event.data.assignments, []);
  assert.equal(event.data.unrouted.length, 450);
  assert.deepEqual(event.data.unrouted[0], {
    step: "step_number_0",
    reason: "E_TOO_LARGE The message is larger than the contract allows.",
    decision: {
      method: "fallback",
      matched: {},
      candidates: [],
      others: {},
      explanation: "Nobody was chosen: the records of all choices do not fit into one message.",
    },
  });
  assert.doesNotThrow(() => encode(subjectsOf("genesis"), event, "c".repeat(200), new Date(0).toISOString()));
});
