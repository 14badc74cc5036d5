import assert from "node:assert/strict";
import { test } from "node:test";
import { tryStep } from "../../test/support/try-step.ts";
import { agentCard } from "../../shared/domain/agents.ts";
import { simulatedAgent } from "./simulated.ts";

const designer = simulatedAgent(
  agentCard.parse({
    name: "spec_agent",
    taskTypes: ["design", "my_own_type"],
    costTier: "cheap",
    successRate: 0.85,
    concurrency: 10,
  }),
);

test("says what it would deliver, and that nobody was asked", async () => {
  const { outcome, progress } = await tryStep(designer, {
    taskType: "design",
    title: "A shop for seeds",
    results: { research: { text: "…" }, requirements: { text: "…" } },
  });
  assert.deepEqual(outcome, {
    completed: {
      output: {
        text: [
          "Design: A shop for seeds",
          "1. who uses it and for what",
          "2. the main parts and how they meet",
          "3. what is left out on purpose",
          "Builds on requirements, research.",
          "Simulated: no model was asked.",
        ].join("\n"),
        simulated: true,
      },
    },
  });
  assert.deepEqual(progress, ["simulating design"]);
});

test("the same step gives the same text, whatever its input", async () => {
  const texts = await Promise.all(
    [{}, { budget: 5 }].map(
      async (input) => (await tryStep(designer, { taskType: "design", input })).outcome,
    ),
  );
  assert.deepEqual(texts[0], texts[1]);
});

test("a task type of the user's own gets a general result", async () => {
  const { outcome } = await tryStep(designer, { taskType: "my_own_type", title: "Something" });
  assert.ok("completed" in outcome);
  const { text } = outcome.completed.output as { text: string };
  assert.match(text, /^Result: Something\n1\. what was asked\n/);
});

test("ends at once when it is aborted", async () => {
  const { outcome } = await tryStep(designer, { taskType: "design", signal: AbortSignal.abort() });
  assert.ok("failed" in outcome);
});
