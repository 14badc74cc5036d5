import type { InstanceSettings } from "../local/state.ts";
import { loadCatalog, nameFromAnywhere } from "../shared/catalog/load.ts";
import type { Settings } from "../shared/config.ts";
import { ask, bad, type Finding } from "./finding.ts";

const ANSWER_MS = 3000;

/**
 * The catalogues and the model: those that the running instance was started with, where one runs, since a shell of its own may say
 * something else; that is pointed out.
 */
export async function checkSettings(here: Settings, instance?: InstanceSettings): Promise<Finding[]> {
  return [
    { what: "settings", is: "good", says: "can be used" },
    catalogFinding(instance?.catalog ?? here.catalog),
    ...(instance === undefined ? [] : differences(here, instance)),
    await modelFinding(here, instance),
  ];
}

function catalogFinding(catalog: readonly string[]): Finding {
  try {
    const { agents, rules, methods } = loadCatalog(catalog);
    const says = `${catalog.join(", ")}: ${agents.length} agents, ${rules.length} rules, ${methods.length} methods`;
    return { what: "catalogue", is: "good", says };
  } catch (error) {
    return bad("catalogue", error, "correct the file");
  }
}

function differences(here: Settings, instance: InstanceSettings): Finding[] {
  const catalog = here.catalog.map(nameFromAnywhere).join(",");
  if (catalog === instance.catalog.join(",")) return [];
  const says = `GENESIS_CATALOG is ${catalog} here, the instance was started with ${instance.catalog.join(",")}`;
  const todo = "what it has now counts; down and up again change it";
  return [{ what: "catalogue here", is: "note", says, todo }];
}

async function modelFinding(here: Settings, instance?: InstanceSettings): Promise<Finding> {
  const what = "model";
  const { modelUrl, modelName, modelKey } = here;
  if (instance !== undefined && instance.model !== modelName) {
    const says = `the instance was started ${instance.model === undefined ? "without one" : `with ${instance.model}`}, GENESIS_MODEL_NAME here is ${modelName ?? "not set"}; not asked`;
    return { what, is: "note", says };
  }
  if (modelUrl === undefined || modelName === undefined) {
    const says = "none; the business agents are simulated, and say so";
    return { what, is: "note", says, todo: "set GENESIS_MODEL_URL and GENESIS_MODEL_NAME for real answers" };
  }
  return endpointFinding({ modelUrl, modelName, modelKey });
}

type Endpoint = { modelUrl: string; modelName: string; modelKey: string | undefined };

/** Whether a model's endpoint answers a question that costs nothing. Some answer no such question, and models all the same. */
export async function endpointFinding({ modelUrl, modelName, modelKey }: Endpoint): Promise<Finding> {
  const what = "model";
  const headers = modelKey === undefined ? {} : { authorization: `Bearer ${modelKey}` };
  const answer = await ask(`${modelUrl.replace(/\/$/, "")}/models`, ANSWER_MS, headers);
  const todo = "see GENESIS_MODEL_URL";
  if (answer === "nobody there") return { what, is: "bad", says: "the endpoint does not answer", todo };
  if (answer === "too late") return { what, is: "bad", says: "the endpoint did not answer in time", todo };
  const { status } = answer;
  if (status >= 200 && status < 300) return { what, is: "good", says: `${modelName}; the endpoint answers` };
  if (status === 401 || status === 403)
    return { what, is: "bad", says: `the endpoint answers ${status}`, todo: "see GENESIS_MODEL_KEY" };
  return { what, is: "note", says: `${modelName}; the endpoint answers ${status} to GET /models`, todo };
}
