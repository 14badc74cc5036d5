import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { justRun } from "../../shared/contract/decider.ts";
import { assignment, unroutedStep, type Step } from "../../shared/contract/plan.ts";
import type { AgentCard } from "../../shared/domain/agents.ts";
import { dagOf } from "../../shared/domain/dag.ts";
import type { Rule } from "../../shared/domain/rules.ts";
import { explain } from "./explain.ts";
import { route } from "./route.ts";

const taskType = fc.constantFrom("code", "test", "paint");
const skill = fc.constantFrom("sql", "go");
const names = ["ann", "bob", "cid", "dot"];

const anyAgents: fc.Arbitrary<AgentCard[]> = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom(...names),
    taskTypes: fc.uniqueArray(taskType, { minLength: 1 }),
    skills: fc.uniqueArray(skill),
    costTier: fc.constant("cheap" as const),
    successRate: fc.constantFrom(0, 0.5, 0.9),
    concurrency: fc.integer({ min: 1, max: 3 }),
    external: fc.boolean(),
  }),
  { selector: (agent) => agent.name },
);

const anyRules: fc.Arbitrary<Rule[]> = fc.array(
  fc.record({
    id: fc.constantFrom("r1", "r2", "r3"),
    priority: fc.constant(10),
    when: fc.oneof(
      fc.constant({}),
      fc.record({ taskType }),
      fc.record({ "input.x": fc.record({ exists: fc.boolean() }) }),
    ) as fc.Arbitrary<Rule["when"]>,
    agent: fc.constantFrom(...names, "ghost"),
    because: fc.constant("it is so"),
  }),
  { maxLength: 4 },
);

const id = fc.integer({ min: 0, max: 8 }).map(String);

/** Plans with references in every direction, to nowhere and to themselves, and ids that come twice. */
const anySteps = fc.array(
  fc.record(
    {
      id,
      kind: fc.constantFrom("primitive" as const, "primitive" as const, "compound" as const),
      parent: id,
      level: fc.constant(0),
      taskType,
      title: fc.constant("a step"),
      dependsOn: fc.array(id, { maxLength: 2 }),
      input: fc.dictionary(fc.constantFrom("x", "y"), fc.jsonValue()),
      skills: fc.uniqueArray(skill),
      timeoutMs: fc.constant(1),
      maxAttempts: fc.constant(1),
      onFailure: fc.constant("fail" as const),
    },
    {
      requiredKeys: [
        "id",
        "kind",
        "level",
        "taskType",
        "title",
        "dependsOn",
        "timeoutMs",
        "maxAttempts",
        "onFailure",
      ],
    },
  ),
  { maxLength: 9 },
) as fc.Arbitrary<Step[]>;

test("of every plan, each primitive step has one decision, with every agent accounted for and words made of the record", () => {
  fc.assert(
    fc.property(anySteps, anyAgents, anyRules, (steps, agents, rules) => {
      const registry = { agents, rules, rulesVersion: "1", rulesHash: "", registryHash: "" };
      const routed = route(steps, registry, justRun);
      assert.equal(JSON.stringify(route(steps, registry, justRun)), JSON.stringify(routed));

      const byId = new Map(steps.toReversed().map((step) => [step.id, step]));
      const expected = [...byId.values()].filter((step) => step.kind === "primitive").map((step) => step.id);
      const decided = [...routed.assignments, ...routed.unrouted];
      assert.deepEqual(decided.map((entry) => entry.step).toSorted(), expected.toSorted());

      for (const entry of decided) {
        const step = byId.get(entry.step)!;
        const { explanation, ...record } = entry.decision;
        const accounted = [
          ...record.candidates.map(({ agent }) => agent),
          ...Object.values(record.others).flat(),
        ];
        const known = accounted.filter((name) => agents.some((agent) => agent.name === name));
        assert.deepEqual(known.toSorted(), agents.map((agent) => agent.name).toSorted());
        const because = rules.find((rule) => rule.id === record.rule)?.because;
        assert.equal(explanation, explain(record, { taskType: step.taskType, because }));
      }
      for (const entry of routed.unrouted) {
        unroutedStep.parse(entry);
        assert.ok(entry.decision.candidates.every(({ rejectedBecause }) => rejectedBecause !== undefined));
      }
      for (const entry of routed.assignments) {
        assignment.parse(entry);
        const chosen = entry.decision.candidates.filter(
          ({ rejectedBecause }) => rejectedBecause === undefined,
        );
        assert.deepEqual(
          chosen.map(({ agent }) => agent),
          [entry.agent],
        );
        const agent = agents.find(({ name }) => name === entry.agent)!;
        const step = byId.get(entry.step)!;
        assert.ok(agent.taskTypes.includes(step.taskType));
        assert.ok((step.skills ?? []).every((wanted) => agent.skills.includes(wanted)));
      }
    }),
  );
});

test("nobody gets more than there is room for while somebody who can take the step has room", () => {
  fc.assert(
    fc.property(anySteps, anyAgents, (steps, agents) => {
      const routed = route(
        steps,
        { agents, rules: [], rulesVersion: "1", rulesHash: "", registryHash: "" },
        justRun,
      );
      const dag = dagOf(steps);
      const byId = new Map(steps.toReversed().map((step) => [step.id, step]));
      const earlier: { step: string; agent: string }[] = [];
      const inOrder = dag.order.flatMap((at) => routed.assignments.find(({ step }) => step === at) ?? []);
      for (const { step: at, agent: name } of inOrder) {
        const { taskType: type, skills = [] } = byId.get(at)!;
        const hasRoom = (agent: AgentCard): boolean =>
          earlier.filter((e) => e.agent === agent.name && dag.areConcurrent(e.step, at)).length <
          agent.concurrency;
        const able = agents.filter(
          (agent) =>
            agent.taskTypes.includes(type) && skills.every((wanted) => agent.skills.includes(wanted)),
        );
        const chosen = agents.find((agent) => agent.name === name)!;
        assert.ok(hasRoom(chosen) || !able.some(hasRoom));
        earlier.push({ step: at, agent: name });
      }
    }),
  );
});
