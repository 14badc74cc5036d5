import assert from "node:assert/strict";
import { test } from "node:test";
import { justRun } from "../../shared/contract/decider.ts";
import { encode, MAX_FACT_BYTES } from "../../shared/contract/envelope.ts";
import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
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

const stored = (event: NewEvent): Uint8Array =>
  encode(subjectsOf("genesis"), event, "c".repeat(200), new Date(0).toISOString()).bytes;
const many = (count: number, more: Partial<Step> = {}): Step[] =>
  Array.from({ length: count }, (_, i) => step(`step_number_${i}`, more));

test("where all records do not fit into a message, only the first of those out of the question are named", () => {
  const { event } = routed(many(330));
  const { step: id, agent, decision } = event.data.assignments[329]!;
  assert.deepEqual([id, agent], ["step_number_329", "agent_number_0"]);
  assert.deepEqual(decision.others, {
    "does not take noop; 21 more are not named": ["agent_number_1", "agent_number_2", "agent_number_3"],
  });
  assert.match(
    decision.explanation,
    /^By capability: agent_number_0 takes noop\. Nobody who can take it has room/,
  );
  assert.doesNotThrow(() => stored(event));
});

test("where that is not enough, every record tells who, by what and what matched", () => {
  const { event } = routed(many(600));
  assert.equal(event.data.assignments.length, 600);
  assert.deepEqual(event.data.assignments[599], {
    step: "step_number_599",
    agent: "agent_number_0",
    decision: {
      method: "capability",
      matched: { taskType: "noop", "agent.load": 599, "agent.concurrency": 10 },
      candidates: [{ agent: "agent_number_0", score: 0.9 }],
      others: {},
      explanation:
        "In short, as the plan has many steps: by capability to agent_number_0; 0 more were in question, 24 were not.",
    },
  });
  assert.doesNotThrow(() => stored(event));
});

test("where nothing helps no step has an agent, and that is why", () => {
  const { event } = routed([
    step("group", { kind: "compound" }),
    ...many(1000, { parent: "group", title: "t" }),
  ]);
  assert.deepEqual(event.data.assignments, []);
  assert.equal(event.data.unrouted.length, 1000);
  assert.deepEqual(event.data.unrouted[0], {
    step: "step_number_0",
    reason: "E_TOO_LARGE",
    decision: { method: "fallback", matched: {}, candidates: [], others: {}, explanation: "" },
  });
  assert.doesNotThrow(() => stored(event));
});

test("there is an answer to the plan with the most steps that can be written", () => {
  const tiny = { taskType: "a", title: "a", timeoutMs: 1 };
  const steps = Array.from({ length: 1950 }, (_, i) => step(i.toString(36), tiny));
  const event = decomposed(steps);
  const bytes = Buffer.byteLength(JSON.stringify(event.data));
  assert.ok(bytes > 0.97 * MAX_FACT_BYTES, `${bytes} bytes`);
  const [append] = decide(event, registry, justRun);
  assert.doesNotThrow(() => stored(append!.event));
});
