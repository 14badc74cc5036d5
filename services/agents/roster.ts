import type { Agent } from "../../shared/agent/define-agent.ts";
import type { Staff } from "../../shared/agent/run-agents.ts";
import type { AgentCard } from "../../shared/domain/agents.ts";

/**
 * Who does the work of the catalogue's agents: the agent with code of its own, or, for a card without, what `standIn` makes of
 * it. External cards are somebody else's. @throws Error, named as that of a broken catalogue, when a card and the code that
 * goes by its name differ
 */
export function roster(
  cards: readonly AgentCard[],
  own: readonly Agent[],
  standIn: (card: AgentCard) => Agent,
): Staff {
  const byName = new Map(own.map((agent) => [agent.name, agent]));
  return cards.flatMap((card) => {
    const agent = byName.get(card.name);
    if (agent !== undefined) refuseDifference(card, Object.keys(agent.tasks));
    if (card.external) return [];
    return [{ agent: agent ?? standIn(card), concurrency: card.concurrency }];
  });
}

function refuseDifference(card: AgentCard, tasks: readonly string[]): void {
  if (card.external) throw unfit(`the agent ${card.name} is external, and there is code for it here`);
  const missing = card.taskTypes.filter((type) => !tasks.includes(type));
  const unlisted = tasks.filter((type) => !card.taskTypes.includes(type));
  if (missing.length > 0) throw unfit(`the agent ${card.name} has no code for ${missing.join(", ")}`);
  if (unlisted.length > 0)
    throw unfit(`the card of ${card.name} does not list ${unlisted.join(", ")}, which its code does`);
}

/** It is the catalogue that has to be changed then, so the process ends as it does for a broken one. */
function unfit(message: string): Error {
  return Object.assign(new Error(message), { name: "CatalogError" });
}
