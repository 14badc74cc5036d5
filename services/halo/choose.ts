import type { Step } from "../../shared/contract/plan.ts";
import type { AgentCard } from "../../shared/domain/agents.ts";
import { listed } from "./explain.ts";
import type { RuleMatch } from "./rules.ts";

/** An agent that a rule or its capabilities bring into question for a step. */
export type Contender = {
  agent: string;
  /** Its success rate: what capability goes by first. */
  score: number;
  /** The first rule that sends the step to it; without one, its capabilities do. */
  rule?: RuleMatch;
  /** How many steps of this plan were given to it that may be at work at the same time as this one. */
  load: number;
  concurrency: number;
  /** Why it cannot take the step at all. */
  hindrance?: string;
};

/** Who takes a step, if anybody can, and everyone who was in question: the best first. */
export type Choice = { chosen: Contender | undefined; contenders: readonly Contender[] };

/**
 * What a choice is made from. `loadOf` says how many steps that may run at the same time an agent was given already.
 */
export type Options = {
  agents: readonly AgentCard[];
  matches: readonly RuleMatch[];
  loadOf: (agent: string) => number;
};

/**
 * Chooses the agent for a step: those that rules name, by priority, then those that take its type, by success rate,
 * load and the order of the catalogue. The first that can take it and has room gets it. When nobody has room the
 * first that can take it does, and the step waits for it: capacity alone makes no step unroutable.
 */
export function choose(step: Step, options: Options): Choice {
  const contenders = contendersFor(step, options);
  const able = contenders.filter(({ hindrance }) => hindrance === undefined);
  return { chosen: able.find((contender) => !isFull(contender)) ?? able[0], contenders };
}

/** Whether as many steps as an agent works on at a time may be at work with it already. */
export function isFull({ load, concurrency }: Pick<Contender, "load" | "concurrency">): boolean {
  return load >= concurrency;
}

function contendersFor(step: Step, { agents, matches, loadOf }: Options): Contender[] {
  const byRule = new Map<string, Contender>();
  for (const match of matches) {
    const name = match.rule.agent;
    if (byRule.has(name)) continue;
    const card = agents.find((agent) => agent.name === name);
    byRule.set(name, { ...contenderOf(step, name, card, loadOf), rule: match });
  }
  const byCapability = agents
    .filter((card) => card.taskTypes.includes(step.taskType) && !byRule.has(card.name))
    .map((card) => contenderOf(step, card.name, card, loadOf))
    .toSorted((a, b) => b.score - a.score || a.load - b.load);
  return [...byRule.values(), ...byCapability];
}

function contenderOf(
  { taskType, skills = [] }: Step,
  agent: string,
  card: AgentCard | undefined,
  loadOf: Options["loadOf"],
): Contender {
  if (card === undefined) return { agent, score: 0, load: 0, concurrency: 0, hindrance: "is not available" };
  const { successRate: score, concurrency } = card;
  const missing = skills.filter((skill) => !card.skills.includes(skill));
  const hindrance = !card.taskTypes.includes(taskType)
    ? `does not take ${taskType}`
    : missing.length > 0
      ? `lacks ${listed(missing, ", ")}`
      : undefined;
  return { agent, score, load: loadOf(agent), concurrency, ...(hindrance !== undefined && { hindrance }) };
}
