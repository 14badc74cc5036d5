import type { AgentCard } from "../../shared/domain/agents.ts";
import type { Agent } from "../../shared/agent/define-agent.ts";

/**
 * Who does the work of the catalogue's agents: the agent with code of its own, or, for a card without, what `standIn` makes of
 * it. External cards are somebody else's. @throws Error when a card and the code that goes by its name differ
 */
export function roster(
  cards: readonly AgentCard[],
  own: readonly Agent[],
  standIn: (card: AgentCard) => Agent,
): Agent[] {
  const byName = new Map(own.map((agent) => [agent.name, agent]));
  return cards.flatMap((card) => {
    const agent = byName.get(card.name);
    if (agent !== undefined) refuseDifference(card, Object.keys(agent.tasks));
    if (card.external) return [];
    return [agent ?? standIn(card)];
  });
}

function refuseDifference(card: AgentCard, tasks: readonly string[]): void {
  if (card.external) throw new Error(`the agent ${card.name} is external, and there is code for it here`);
  const missing = card.taskTypes.filter((type) => !tasks.includes(type));
  const unlisted = tasks.filter((type) => !card.taskTypes.includes(type));
  if (missing.length > 0) throw new Error(`the agent ${card.name} has no code for ${missing.join(", ")}`);
  if (unlisted.length > 0)
    throw new Error(`the card of ${card.name} does not list ${unlisted.join(", ")}, which its code does`);
}
