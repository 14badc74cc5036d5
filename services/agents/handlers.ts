import { readdir } from "node:fs/promises";
import { parse } from "node:path";
import type { Agent } from "../../shared/agent/define-agent.ts";
import type { Settings } from "../../shared/config.ts";

/** What an agent with code of its own may be told about where it works. */
export type Place = Pick<Settings, "auditRoot" | "resultsDir">;

type HandlerFile = { agent: (place: Place) => Agent };

const FOLDER = new URL("./handlers/", import.meta.url);
/** `.ts` as shipped, `.js` in a published package. */
const EXTENSION = parse(import.meta.url).ext;

/**
 * The agents with code of their own: one file in `handlers/` each, named after its agent with dashes for underscores, and
 * exporting it as `agent`. @throws Error for a file whose agent has another name
 */
export async function loadHandlers(place: Place): Promise<Agent[]> {
  const names = (await readdir(FOLDER))
    .filter((file) => file.endsWith(EXTENSION) && !file.endsWith(`.test${EXTENSION}`))
    .map((file) => parse(file).name);
  return Promise.all(
    names.toSorted().map(async (name) => {
      const file = (await import(new URL(`${name}${EXTENSION}`, FOLDER).href)) as HandlerFile;
      const agent = file.agent(place);
      if (agent.name.replaceAll("_", "-") !== name)
        throw new Error(`handlers/${name}${EXTENSION} holds the agent ${agent.name}`);
      return agent;
    }),
  );
}
