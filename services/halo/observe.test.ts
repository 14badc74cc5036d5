import assert from "node:assert/strict";
import { test } from "node:test";
import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import type { Candidate, Decision, Step } from "../../shared/contract/plan.ts";
import { modelLog, planned, step } from "../../test/support/model-log.ts";
import { capacities, observe } from "./observe.ts";

type Routed = NewEvent<"plan.routed">["data"];

const DECISION: Decision = {
  method: "rule",
  rule: "billing",
  matched: { taskType: "noop", "input.customer": "a secret name", "agent.load": 0, "agent.concurrency": 2 },
  candidates: [
    { agent: "biller", score: 0.9 },
    { agent: "clerk", score: 0.8, rejectedBecause: "rule billing goes before capability" },
  ],
  others: {},
  explanation:
    'Rule billing matches (taskType "noop", input.customer "a secret name") and names biller: money. All its places are free.',
};

/** The plan of these steps, and what HALO made of it. */
function routed(steps: Step[], data: Partial<Routed>): [StoredEvent<"plan.decomposed">, NewEvent[]] {
  const log = modelLog();
  planned(log, steps);
  const cause = log.events.find((event) => event.type === "plan.decomposed")!;
  const rules = { version: "test@1", hash: "r".repeat(64) };
  const all = { rules, registryHash: "", assignments: [], unrouted: [], ...data };
  const about = { run: cause.run, rev: 0, tokens: [0], causationId: cause.id };
  return [cause, [{ type: "plan.routed", ...about, data: all }]];
}

const assigned = (decision: Decision = DECISION): Partial<Routed> => ({
  assignments: [{ step: "a", agent: "biller", decision }],
});

test("of a plan it is told how many steps found an agent, and under which rules", () => {
  const reason = "no agent takes paint";
  const none = { ...DECISION, candidates: [], explanation: reason };
  const unrouted = [{ step: "b", reason, decision: none }];
  const { parts } = observe(...routed([step("a"), step("b")], { ...assigned(), unrouted }));
  const attributes = {
    "genesis.revision": 0,
    "halo.task_count": 2,
    "halo.unrouted_count": 1,
    "halo.rule_set.version": "test@1",
    "halo.rule_set.hash": "r".repeat(64),
  };
  assert.deepEqual(parts![0], { part: "halo.route", attributes });
});

test("of a decision its record is told, and none of the values that a rule matched", () => {
  const { parts } = observe(...routed([step("a")], assigned()));
  assert.deepEqual(parts![1], {
    part: "halo.decide",
    key: "a",
    attributes: {
      "genesis.task_type": "noop",
      "halo.method": "rule",
      "halo.rule.id": "billing",
      "halo.agent": "biller",
      "halo.candidates.count": 2,
      "halo.margin": 0.09999999999999998,
      "halo.explanation":
        "Rule billing matches (taskType, input.customer) and names biller: money. All its places are free.",
    },
    events: [
      {
        name: "halo.candidate",
        attributes: { "halo.candidate.agent": "biller", "halo.candidate.score": 0.9 },
      },
      {
        name: "halo.candidate",
        attributes: {
          "halo.candidate.agent": "clerk",
          "halo.candidate.score": 0.8,
          "halo.candidate.rejected_because": "rule billing goes before capability",
        },
      },
    ],
  });
});

test("at most 16 candidates are told of", () => {
  const others = Array.from({ length: 30 }, (_, i): Candidate => ({
    agent: `a${i}`,
    score: 0,
    rejectedBecause: "",
  }));
  const decision = { ...DECISION, candidates: [...DECISION.candidates, ...others] };
  const { parts } = observe(...routed([step("a")], assigned(decision)));
  assert.equal(parts![1]!.events!.length, 16);
  assert.equal(parts![1]!.attributes["halo.candidates.count"], 32);
});

test("a decision is counted by agent, type, rule and method, with how close it was", () => {
  const { points } = observe(...routed([step("a")], assigned()));
  assert.deepEqual(points, [
    {
      metric: "routings",
      labels: { agent: "biller", task_type: "noop", rule: "billing", method: "rule" },
      value: 1,
    },
    { metric: "candidates", labels: {}, value: 2 },
    { metric: "margin", labels: {}, value: 0.09999999999999998 },
  ]);
});

test("a rule that takes the worse agent is ahead by nothing, and an only candidate has no margin", () => {
  const [chosen, other] = DECISION.candidates as [Candidate, Candidate];
  const marginOf = (candidates: Candidate[]): number[] =>
    observe(...routed([step("a")], assigned({ ...DECISION, candidates })))
      .points!.filter(({ metric }) => metric === "margin")
      .map(({ value }) => value);
  assert.deepEqual(marginOf([chosen, { ...other, score: 1 }]), [0]);
  assert.deepEqual(marginOf([chosen]), []);
});

test("an explanation that does not name the agent is counted: it explains nothing", () => {
  const { points } = observe(...routed([step("a")], assigned({ ...DECISION, explanation: "Because." })));
  assert.ok(points!.some(({ metric }) => metric === "unexplained"));
});

for (const [reason, candidates, why] of [
  ["no_agent", [], "no agent takes paint"],
  ["unfit", [{ agent: "biller", score: 1, rejectedBecause: "lacks oil" }], "biller lacks oil"],
  ["too_large", [], "E_TOO_LARGE The message is larger than the contract allows."],
] as const) {
  test(`a step that nobody takes is counted as ${reason}`, () => {
    const decision = { ...DECISION, candidates: [...candidates] };
    const { points } = observe(...routed([step("a")], { unrouted: [{ step: "a", reason: why, decision }] }));
    assert.deepEqual(points, [{ metric: "unrouted", labels: { reason }, value: 1 }]);
  });
}

test("where no plan was routed, none is shown", () => {
  const [cause] = routed([step("a")], {});
  assert.deepEqual(observe(cause, []), {});
});

test("what an agent may do at a time is what its card says", () => {
  assert.deepEqual(capacities([{ name: "biller", concurrency: 3 }]), [
    { metric: "agentCapacity", labels: { agent: "biller" }, value: 3 },
  ]);
});
