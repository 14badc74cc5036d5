import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { defineAgent, type Agent } from "../../shared/agent/define-agent.ts";
import { loadCatalog } from "../../shared/catalog/load.ts";
import { agentCard, type AgentCard } from "../../shared/domain/agents.ts";
import { loadHandlers } from "./handlers.ts";
import { roster } from "./roster.ts";
import { simulatedAgent } from "./simulated.ts";

const card = (name: string, taskTypes: string[], more: Partial<AgentCard> = {}): AgentCard =>
  agentCard.parse({ name, taskTypes, costTier: "free", successRate: 0.9, concurrency: 1, ...more });

const own = (name: string, ...types: string[]): Agent => {
  const task = { input: z.object({}), output: z.null(), handler: () => null };
  return defineAgent({ name, tasks: Object.fromEntries(types.map((type) => [type, task])) });
};

test("a card with code of its own runs that, one without runs the stand-in, an external one runs nothing", () => {
  const counter = own("counter", "count");
  const cards = [
    card("counter", ["count"]),
    card("writer", ["write"], { concurrency: 3 }),
    card("guest", ["x"], { external: true }),
  ];
  const staff = roster(cards, [counter, own("idle", "rest")], simulatedAgent);
  assert.deepEqual(
    staff.map(({ agent, concurrency }) => [agent.name, concurrency]),
    [
      ["counter", 1],
      ["writer", 3],
    ],
  );
  assert.equal(staff[0]!.agent, counter);
});

const DIFFERENCES: [string, AgentCard, Agent, RegExp][] = [
  ["a task without code", card("a", ["x", "y"]), own("a", "x"), /the agent a has no code for y/],
  ["code without a task", card("a", ["x"]), own("a", "x", "y"), /the card of a does not list y/],
  ["code for somebody else's agent", card("a", ["x"], { external: true }), own("a", "x"), /a is external/],
];

for (const [name, differs, agent, message] of DIFFERENCES)
  test(`refuses ${name}`, () => {
    assert.throws(() => roster([differs], [agent], simulatedAgent), { name: "CatalogError", message });
  });

test("every shipped card of the audit has a handler file, every handler file a card, and they agree", async () => {
  const handlers = await loadHandlers({ auditRoot: ".", resultsDir: "." });
  const { agents } = loadCatalog(["audit"]);
  assert.deepEqual(
    handlers.map((agent) => agent.name).toSorted(),
    agents.map((agent) => agent.name).toSorted(),
  );
  roster(agents, handlers, ({ name }) => assert.fail(`${name} would be simulated`));
});

test("every card of all shipped catalogues is taken care of", async () => {
  const { agents } = loadCatalog(["business", "audit"]);
  const taken = roster(agents, await loadHandlers({ auditRoot: ".", resultsDir: "." }), simulatedAgent);
  assert.equal(taken.length, agents.length);
});
