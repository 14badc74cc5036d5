import { readdir } from "node:fs/promises";
import { parse } from "node:path";
import type { Agent } from "../../shared/agent/define-agent.ts";
import type { Settings } from "../../shared/config.ts";

/** What an agent with code of its own may be told about where it works. */
export type Place = Pick<Settings, "auditRoot" | "resultsDir">;

type HandlerFile = { agent?: (place: Place) => Agent };

const FOLDER = new URL("./handlers/", import.meta.url);
/** `.ts` as shipped, `.js` in a published package. */
const EXTENSION = parse(import.meta.url).ext;

/**
 * The agents with code of their own: one file in `handlers/` each, named after its agent with dashes for underscores, and
 * exporting it as `agent`. @throws Error, named `HandlerError`, for a file that is none such: starting again does not help
 */
export async function loadHandlers(place: Place, folder = FOLDER): Promise<Agent[]> {
  const files = (await readdir(folder)).filter(
    (file) => file.endsWith(EXTENSION) && !file.endsWith(`.test${EXTENSION}`),
  );
  return Promise.all(
    files.toSorted().map(async (file) => {
      const agent = await loadAgent(new URL(file, folder), file, place);
      const rightName = `${agent.name.replaceAll("_", "-")}${EXTENSION}`;
      if (file !== rightName) throw unfit(file, `holds the agent ${agent.name}; name it ${rightName}`);
      return agent;
    }),
  );
}

async function loadAgent(url: URL, file: string, place: Place): Promise<Agent> {
  const { agent } = await orUnfit(file, () => import(url.href) as Promise<HandlerFile>);
  if (typeof agent !== "function") throw unfit(file, "exports no function called agent");
  return orUnfit(file, async () => agent(place));
}

async function orUnfit<T>(file: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const { code, name } = cause as { code?: unknown; name?: unknown };
    throw unfit(file, `cannot be loaded (${String(code ?? name)})`, cause);
  }
}

function unfit(file: string, what: string, cause?: unknown): Error {
  const error = new Error(`services/agents/handlers/${file} ${what}`, { cause });
  return Object.assign(error, { name: "HandlerError" });
}
