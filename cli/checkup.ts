import { SERVICES } from "../local/service.ts";
import type { LocalState } from "../local/state.ts";
import { isOlder } from "../shared/bus/connect.ts";
import { loadCatalog } from "../shared/catalog/load.ts";
import { readSettings, type Settings } from "../shared/config.ts";
import { MIN_SERVER_VERSION } from "../shared/contract/streams.ts";
import { versionOf } from "./programs.ts";
import { GENESIS } from "../shared/contract/command.ts";

/** One thing that was looked at. A `note` is worth knowing and nothing is wrong; `todo` says what to do. */
export type Finding = { what: string; is: "good" | "note" | "bad"; says: string; todo?: string };

const ANSWER_MS = 3000;
const START = `${GENESIS} up`;

/** What is installed on this machine. */
export async function checkMachine(): Promise<Finding[]> {
  const [broker, go, git] = await Promise.all([
    versionOf("nats-server", "--version"),
    versionOf("go", "version"),
    versionOf("git", "--version"),
  ]);
  return [
    { what: "node", is: "good", says: process.version },
    brokerProgram(broker),
    go === undefined
      ? {
          what: "go",
          is: "note",
          says: "not on PATH; only needed where nats-server can be neither found nor downloaded",
        }
      : { what: "go", is: "good", says: go },
    git === undefined
      ? {
          what: "git",
          is: "note",
          says: "not on PATH",
          todo: "install it, or git activity stays out of audit reports",
        }
      : { what: "git", is: "good", says: git },
  ];
}

function brokerProgram(version: string | undefined): Finding {
  const what = "nats-server";
  if (version === undefined) {
    return {
      what,
      is: "note",
      says: `not on PATH; ${START} uses its cache, downloads a release, or builds one with Go`,
    };
  }
  if (!isOlder(version, MIN_SERVER_VERSION)) return { what, is: "good", says: version };
  return {
    what,
    is: "note",
    says: `${version} on PATH is older than ${MIN_SERVER_VERSION}; ${START} looks further`,
  };
}

/** Settings, catalogues and the model. */
export async function checkSettings(): Promise<Finding[]> {
  try {
    const settings = readSettings();
    return [
      { what: "settings", is: "good", says: "can be used" },
      catalogFinding(settings),
      await modelFinding(settings),
    ];
  } catch (error) {
    return [bad("settings", error, "correct the variable; docs/settings.md has them all")];
  }
}

function catalogFinding({ catalog }: Settings): Finding {
  try {
    const { agents, rules, methods } = loadCatalog(catalog);
    const says = `${catalog.join(", ")}: ${agents.length} agents, ${rules.length} rules, ${methods.length} methods`;
    return { what: "catalogue", is: "good", says };
  } catch (error) {
    return bad("catalogue", error, "correct the file");
  }
}

async function modelFinding({ modelUrl, modelName, modelKey }: Settings): Promise<Finding> {
  const what = "model";
  if (modelUrl === undefined || modelName === undefined) {
    const says = "none; the business agents are simulated, and say so";
    return { what, is: "note", says, todo: "set GENESIS_MODEL_URL and GENESIS_MODEL_NAME for real answers" };
  }
  const headers = modelKey === undefined ? {} : { authorization: `Bearer ${modelKey}` };
  const status = await statusOf(`${modelUrl.replace(/\/$/, "")}/models`, headers);
  if (status === undefined)
    return { what, is: "bad", says: "the endpoint does not answer", todo: "see GENESIS_MODEL_URL" };
  if (status === 401 || status === 403)
    return { what, is: "bad", says: `the endpoint answers ${status}`, todo: "see GENESIS_MODEL_KEY" };
  return { what, is: "good", says: `${modelName}; the endpoint answers` };
}

/** The services of an instance: whether each is there and ready. */
export async function checkServices({ services }: LocalState): Promise<Finding[]> {
  return Promise.all(
    SERVICES.map(async ({ name }): Promise<Finding> => {
      const running = services.find((service) => service.name === name);
      const todo = `${GENESIS} logs ${name}`;
      if (running === undefined) return { what: name, is: "bad", says: "is not running", todo };
      const status = await statusOf(`${running.http}/readyz`);
      if (status === 200)
        return { what: name, is: "good", says: `ready, pid ${running.pid}, ${running.http}` };
      const says =
        status === undefined ? `does not answer at ${running.http}` : `is not ready, pid ${running.pid}`;
      return { what: name, is: "bad", says, todo };
    }),
  );
}

/** What went wrong, as a finding. */
export function bad(what: string, error: unknown, todo: string): Finding {
  return { what, is: "bad", says: error instanceof Error ? error.message : String(error), todo };
}

async function statusOf(url: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_MS) });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return undefined;
  }
}
