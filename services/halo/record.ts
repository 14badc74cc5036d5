import type { Candidate, Decision, Step } from "../../shared/contract/plan.ts";
import type { AgentCard } from "../../shared/domain/agents.ts";
import { isFull, type Choice, type Contender } from "./choose.ts";
import { explain } from "./explain.ts";

/**
 * The decision record of a choice: by what it was made, what matched, everyone who was in question with the reason
 * why not, and the rest of the agents by reason. `matched` also tells how busy the chosen agent was.
 */
export function recordOf(step: Step, choice: Choice, agents: readonly AgentCard[]): Decision {
  const { chosen, contenders } = choice;
  const record = {
    ...basisOf(step, chosen),
    candidates: contenders.map((contender) => candidateOf(contender, chosen)),
    others: othersOf(step, contenders, agents),
  };
  const because = chosen?.rule?.rule.because;
  return { ...record, explanation: explain(record, { taskType: step.taskType, because }) };
}

/** The record of a step that nobody was looked for, with the one reason. */
export function emptyRecord(explanation: string): Decision {
  return { method: "fallback", matched: {}, candidates: [], others: {}, explanation };
}

function basisOf(
  { taskType }: Step,
  chosen: Contender | undefined,
): Pick<Decision, "method" | "rule" | "matched"> {
  if (chosen === undefined) return { method: "fallback", matched: {} };
  const { rule, load, concurrency } = chosen;
  const places = { "agent.load": load, "agent.concurrency": concurrency };
  if (rule === undefined) return { method: "capability", matched: { taskType, ...places } };
  return { method: "rule", rule: rule.rule.id, matched: { ...rule.matched, ...places } };
}

function candidateOf(contender: Contender, chosen: Contender | undefined): Candidate {
  const { agent, score } = contender;
  if (contender === chosen) return { agent, score };
  return { agent, score, rejectedBecause: contender.hindrance ?? second(contender, chosen!) };
}

/** Why one of two agents that can both take a step did not get it. */
function second(other: Contender, chosen: Contender): string {
  if (isFull(other) && !isFull(chosen))
    return `is full: ${other.load} of ${other.concurrency} places may be taken at the same time`;
  if (chosen.rule)
    return other.rule
      ? `rule ${other.rule.rule.id} comes after rule ${chosen.rule.rule.id}`
      : `rule ${chosen.rule.rule.id} goes before capability`;
  if (other.score < chosen.score) return `success rate ${other.score} is below ${chosen.score}`;
  if (other.load > chosen.load)
    return `as successful, but busier: ${other.load} at the same time against ${chosen.load}`;
  return "as good, but later in the catalogue";
}

function othersOf(
  { taskType }: Step,
  contenders: readonly Contender[],
  agents: readonly AgentCard[],
): Record<string, string[]> {
  const named = new Set(contenders.map(({ agent }) => agent));
  const rest = agents.map(({ name }) => name).filter((name) => !named.has(name));
  return rest.length === 0 ? {} : { [`does not take ${taskType}`]: rest };
}
