import assert from "node:assert/strict";
import { test } from "node:test";
import { justRun, type Part } from "../../shared/contract/decider.ts";
import type { Decision, Step } from "../../shared/contract/plan.ts";
import type { AgentCard } from "../../shared/domain/agents.ts";
import type { Rule } from "../../shared/domain/rules.ts";
import { step } from "../../test/support/model-log.ts";
import { card } from "../../test/support/plans.ts";
import { route, type Registry } from "./route.ts";

const rule = (id: string, agent: string, when: Rule["when"], priority = 10): Rule => ({
  id,
  agent,
  when,
  priority,
  because: `${id} says so`,
});

const registry = (agents: AgentCard[], rules: Rule[] = []): Registry => ({
  agents,
  rules,
  rulesVersion: "test@1",
  rulesHash: "r".repeat(64),
  registryHash: "a".repeat(64),
});

const code = (id: string, more: Partial<Step> = {}): Step => step(id, { taskType: "code", ...more });

/** Who got which step, and by what. */
const outcome = (steps: Step[], by: Registry): Record<string, string> => {
  const { assignments, unrouted } = route(steps, by, justRun);
  return Object.fromEntries([
    ...assignments.map(({ step: id, agent, decision }) => [
      id,
      `${agent} by ${decision.rule ?? decision.method}`,
    ]),
    ...unrouted.map(({ step: id, reason }) => [id, `nobody: ${reason}`]),
  ]);
};

const decisionOn = (steps: Step[], by: Registry, id: string): Decision => {
  const { assignments, unrouted } = route(steps, by, justRun);
  return [...assignments, ...unrouted].find((entry) => entry.step === id)!.decision;
};

const cara = card("cara", ["code", "test"], { successRate: 0.8 });
const carl = card("carl", ["code"], { successRate: 0.9 });
const tina = card("tina", ["test"]);

test("a rule that matches decides, and its record says what it matched", () => {
  const by = registry(
    [cara, carl, tina],
    [rule("to_cara", "cara", { taskType: "code", "input.size": { atMost: 5 } })],
  );
  const steps = [code("a", { input: { size: 3, secret: "x" } })];
  assert.deepEqual(route(steps, by, justRun), {
    rules: { version: "test@1", hash: "r".repeat(64) },
    registryHash: "a".repeat(64),
    assignments: [
      {
        step: "a",
        agent: "cara",
        decision: {
          method: "rule",
          rule: "to_cara",
          matched: { taskType: "code", "input.size": 3, "agent.load": 0, "agent.concurrency": 10 },
          candidates: [
            { agent: "cara", score: 0.8 },
            { agent: "carl", score: 0.9, rejectedBecause: "rule to_cara goes before capability" },
          ],
          others: { "does not take code": ["tina"] },
          explanation:
            'Rule to_cara matches (taskType "code", input.size 3) and names cara: to_cara says so. All its places are free.',
        },
      },
    ],
    unrouted: [],
  });
});

test("rules stand in the order of the catalogue: the first match goes before later ones", () => {
  const by = registry(
    [cara, carl],
    [rule("high", "carl", { taskType: "code" }), rule("low", "cara", {}), rule("low_again", "carl", {})],
  );
  const { rule: used, candidates } = decisionOn([code("a")], by, "a");
  assert.equal(used, "high");
  assert.deepEqual(candidates, [
    { agent: "carl", score: 0.9 },
    { agent: "cara", score: 0.8, rejectedBecause: "rule low comes after rule high" },
  ]);
});

test("a rule without any condition matches every step, as long as its agent takes the type", () => {
  const by = registry([cara, tina], [rule("all", "tina", {})]);
  assert.deepEqual(outcome([code("a"), step("b", { taskType: "test" })], by), {
    a: "cara by capability",
    b: "tina by all",
  });
  assert.equal(
    decisionOn([code("a")], by, "a").explanation,
    "By capability: cara takes code. Passed over: tina does not take code. All its places are free.",
  );
  assert.equal(
    decisionOn([step("b", { taskType: "test" })], by, "b").explanation,
    "Rule all matches (every step) and names tina: all says so. All its places are free.",
  );
});

test("without a rule the best success rate goes first, then the lighter load, then the catalogue", () => {
  const best = decisionOn([code("a")], registry([cara, carl]), "a");
  assert.equal(best.method, "capability");
  assert.deepEqual(best.candidates, [
    { agent: "carl", score: 0.9 },
    { agent: "cara", score: 0.8, rejectedBecause: "success rate 0.8 is below 0.9" },
  ]);
  assert.equal(
    best.explanation,
    "By capability: carl takes code with a success rate of 0.9, ahead of cara (0.8). All its places are free.",
  );

  const twins = registry([card("one", ["code"]), card("two", ["code"])]);
  const steps = [code("a"), code("b"), code("c")];
  assert.deepEqual(outcome(steps, twins), {
    a: "one by capability",
    b: "two by capability",
    c: "one by capability",
  });
  assert.deepEqual(decisionOn(steps, twins, "b").candidates, [
    { agent: "two", score: 0.9 },
    { agent: "one", score: 0.9, rejectedBecause: "as successful, but busier: 1 at the same time against 0" },
  ]);
  assert.deepEqual(decisionOn(steps, twins, "c").candidates[1], {
    agent: "two",
    score: 0.9,
    rejectedBecause: "as good, but later in the catalogue",
  });
});

test("only steps that may run at the same time count as load", () => {
  const small = registry([
    card("solo", ["code"], { concurrency: 1 }),
    card("spare", ["code"], { successRate: 0.1 }),
  ]);
  const chain = [code("a"), code("b", { dependsOn: ["a"] }), code("c", { dependsOn: ["b"] })];
  assert.deepEqual(Object.values(outcome(chain, small)), Array(3).fill("solo by capability"));
  const phases = [
    step("p", { kind: "compound" }),
    code("p1", { parent: "p" }),
    step("q", { kind: "compound", dependsOn: ["p"] }),
    code("q1", { parent: "q" }),
  ];
  assert.deepEqual(outcome(phases, small), { p1: "solo by capability", q1: "solo by capability" });
  const fan = [code("a"), code("b")];
  assert.deepEqual(outcome(fan, small), { a: "solo by capability", b: "spare by capability" });
});

test("a full agent is passed over while another has room, also against a rule", () => {
  const by = registry(
    [card("solo", ["code"], { concurrency: 1 }), cara],
    [rule("r", "solo", { taskType: "code" })],
  );
  const steps = [code("a"), code("b")];
  assert.deepEqual(outcome(steps, by), { a: "solo by r", b: "cara by capability" });
  const { candidates, explanation } = decisionOn(steps, by, "b");
  assert.deepEqual(candidates, [
    { agent: "solo", score: 0.9, rejectedBecause: "is full: 1 of 1 places may be taken at the same time" },
    { agent: "cara", score: 0.8 },
  ]);
  assert.equal(
    explanation,
    "By capability: cara takes code. Passed over: solo is full: 1 of 1 places may be taken at the same time. " +
      "All its places are free.",
  );
});

test("when nobody has room the first choice waits, and the explanation says so", () => {
  const by = registry([
    card("solo", ["code"], { concurrency: 2 }),
    card("duo", ["code"], { successRate: 0.5, concurrency: 1 }),
  ]);
  const steps = ["a", "b", "c", "d", "e"].map((id) => code(id));
  assert.deepEqual(outcome(steps, by), {
    a: "solo by capability",
    b: "solo by capability",
    c: "duo by capability",
    d: "solo by capability",
    e: "solo by capability",
  });
  assert.equal(
    decisionOn(steps, by, "b").explanation,
    "By capability: solo takes code with a success rate of 0.9, ahead of duo (0.5). 1 of its 2 places may be taken at the same time.",
  );
  const waiting = decisionOn(steps, by, "e");
  assert.equal(
    waiting.explanation,
    "By capability: solo takes code with a success rate of 0.9, ahead of duo (0.5). " +
      "Nobody who can take it has room, so it waits there: 3 of its 2 places may be taken at the same time.",
  );
  assert.deepEqual(waiting.candidates[1], {
    agent: "duo",
    score: 0.5,
    rejectedBecause: "success rate 0.5 is below 0.9",
  });
});

test("an agent without a skill that the step asks for is passed over, whoever names it", () => {
  const skilled = card("sara", ["code"], { successRate: 0.2, skills: ["sql", "go"] });
  const by = registry([cara, skilled], [rule("r", "cara", { taskType: "code" })]);
  const steps = [
    code("a", { skills: ["go", "sql"] }),
    code("b", { skills: ["go", "cobol", "ada", "b", "c", "d"] }),
  ];
  assert.deepEqual(outcome(steps, by), {
    a: "sara by capability",
    b: "nobody: cara lacks go, cobol, ada, and 3 more; sara lacks cobol, ada, b, and 2 more",
  });
  assert.deepEqual(decisionOn(steps, by, "a").candidates[0], {
    agent: "cara",
    score: 0.8,
    rejectedBecause: "lacks go, sql",
  });
});

test("a step that nobody takes has the reason, and all the others in its record", () => {
  const by = registry([cara, tina], [rule("r", "ghost", { taskType: "juggle" })]);
  assert.deepEqual(outcome([step("a", { taskType: "paint" }), step("b", { taskType: "juggle" })], by), {
    a: "nobody: no agent takes paint",
    b: "nobody: ghost is not available",
  });
  assert.deepEqual(decisionOn([step("a", { taskType: "paint" })], by, "a"), {
    method: "fallback",
    matched: {},
    candidates: [],
    others: { "does not take paint": ["cara", "tina"] },
    explanation: "Nobody takes it: no agent takes paint.",
  });
  assert.deepEqual(decisionOn([step("b", { taskType: "juggle" })], by, "b").candidates, [
    { agent: "ghost", score: 0, rejectedBecause: "is not available" },
  ]);
});

test("many in question: the record has all, the words name three", () => {
  const team = ["a", "b", "c", "d", "e"].map((name) => card(name, ["code"]));
  const { candidates, others, explanation } = decisionOn([code("x")], registry(team), "x");
  assert.equal(candidates.length, 5);
  assert.deepEqual(others, {});
  assert.match(explanation, /ahead of b \(0.9\), c \(0.9\), d \(0.9\), and 1 more\./);
});

test("a broken plan is routed as far as it goes: cycles, references to nowhere, ids that come twice", () => {
  const steps = [
    code("a", { dependsOn: ["b"] }),
    code("b", { dependsOn: ["a", "nowhere"] }),
    code("b", { taskType: "paint" }),
    step("group", { kind: "compound" }),
    code("self", { dependsOn: ["self"], parent: "gone" }),
  ];
  assert.deepEqual(outcome(steps, registry([cara])), {
    a: "cara by capability",
    b: "cara by capability",
    self: "cara by capability",
  });
  assert.deepEqual(outcome([], registry([])), {});
});

test("decisions stand in the order of the plan, whatever the order of the work", () => {
  const steps = [code("last", { dependsOn: ["first"] }), code("first")];
  const { assignments } = route(steps, registry([cara]), justRun);
  assert.deepEqual(
    assignments.map((assignment) => assignment.step),
    ["last", "first"],
  );
});

test("of a large plan the first 64 decisions become spans", () => {
  const seen: string[] = [];
  const steps = Array.from({ length: 70 }, (_, i) => code(`s${i}`));
  const part: Part = (name, fn) => {
    seen.push(name);
    return fn();
  };
  assert.equal(route(steps, registry([cara]), part).assignments.length, 70);
  assert.equal(seen.filter((name) => name.startsWith("halo.decide ")).length, 64);
});

test("the parts that become spans", () => {
  const seen: string[] = [];
  const part: Part = (name, fn) => {
    seen.push(name);
    return fn();
  };
  route([code("a"), code("b")], registry([cara]), part);
  assert.deepEqual(seen, ["halo.route", "halo.apply_rules", "halo.decide a", "halo.decide b"]);
});
