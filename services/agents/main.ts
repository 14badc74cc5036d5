import type { Agent } from "../../shared/agent/define-agent.ts";
import { runAgents } from "../../shared/agent/run-agents.ts";
import { loadCatalog } from "../../shared/catalog/load.ts";
import type { Settings } from "../../shared/config.ts";
import type { AgentCard } from "../../shared/domain/agents.ts";
import { service } from "../../shared/service.ts";
import { loadHandlers } from "./handlers.ts";
import { roster } from "./roster.ts";
import { simulatedAgent } from "./simulated.ts";

/** The agents: every card of the catalogue that is not somebody else's is at work here. */
await service("agents", {
  prepare: async (settings) => {
    const { agents: cards } = loadCatalog(settings.catalog);
    const own = await loadHandlers(settings);
    const staff = roster(cards, own, await standIn(settings));
    return { staff, idle: own.filter((agent) => !cards.some((card) => card.name === agent.name)) };
  },
  start: async (context, { staff, idle }) => {
    for (const { name } of idle) {
      context.log.info({ event: "agent_idle", agent: name }, "no card in the catalogue");
    }
    return runAgents(context, staff);
  },
});

/** Who takes the place of agents without code of their own: a model, or where none is configured a simulation that says so. */
async function standIn({
  modelUrl: url,
  modelName: name,
  modelKey: key,
}: Settings): Promise<(card: AgentCard) => Agent> {
  if (url === undefined || name === undefined) return simulatedAgent;
  // Loaded only where it is used: the client library takes longer to load than everything else here.
  const { modelAgent } = await import("./model.ts");
  return (card) => modelAgent(card, { url, name, key });
}
