import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { defineAgent, type Agent, type StepContext } from "../../shared/agent/define-agent.ts";
import { jsonObject } from "../../shared/contract/events.ts";
import type { AgentCard } from "../../shared/domain/agents.ts";
import { deliverableOf } from "./deliverables.ts";

/** Long enough that a live view shows the step at work. */
const WORK_MS = 40;

const output = z.object({ text: z.string().min(1), simulated: z.literal(true) });

/** An agent that only says what it would deliver, for a card when no model is configured. The same step gives the same text. */
export function simulatedAgent(card: AgentCard): Agent {
  const task = { input: jsonObject, output, handler: simulate };
  return defineAgent({
    name: card.name,
    tasks: Object.fromEntries(card.taskTypes.map((type) => [type, task])),
  });
}

async function simulate(_input: unknown, step: StepContext): Promise<z.output<typeof output>> {
  step.progress(`simulating ${step.taskType}`);
  await delay(WORK_MS, undefined, { signal: step.signal });
  return { text: deliver(step), simulated: true };
}

function deliver({ title, taskType, results }: StepContext): string {
  const { name, points } = deliverableOf(taskType);
  const before = Object.keys(results).toSorted();
  return [
    `${name}: ${title}`,
    ...points.map((point, i) => `${i + 1}. ${point}`),
    ...(before.length > 0 ? [`Builds on ${before.join(", ")}.`] : []),
    "Simulated: no model was asked.",
  ].join("\n");
}
