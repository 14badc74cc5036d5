import { SERVICES } from "../local/service.ts";
import type { LocalState } from "../local/state.ts";
import { connect, isOlder, type Bus } from "../shared/bus/connect.ts";
import { loadCatalog } from "../shared/catalog/load.ts";
import { readSettings, type Settings } from "../shared/config.ts";
import { ADMIT_BELOW, MIN_SERVER_VERSION, consumers, type StreamName } from "../shared/contract/streams.ts";
import { versionOf } from "./programs.ts";

/** One thing that was looked at. A `note` is worth knowing and nothing is wrong; `todo` says what to do. */
export type Finding = { what: string; is: "good" | "note" | "bad"; says: string; todo?: string };

const ANSWER_MS = 3000;
const START = "npx genesis up";
const MIB = 1024 * 1024;

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
      ? { what: "go", is: "note", says: "not on PATH; only needed where nats-server can be neither found nor downloaded" }
      : { what: "go", is: "good", says: go },
    git === undefined
      ? { what: "git", is: "note", says: "not on PATH", todo: "install it, or git activity stays out of audit reports" }
      : { what: "git", is: "good", says: git },
  ];
}

function brokerProgram(version: string | undefined): Finding {
  const what = "nats-server";
  if (version === undefined) {
    return { what, is: "note", says: `not on PATH; ${START} uses its cache, downloads a release, or builds one with Go` };
  }
  if (!isOlder(version, MIN_SERVER_VERSION)) return { what, is: "good", says: version };
  return { what, is: "note", says: `${version} on PATH is older than ${MIN_SERVER_VERSION}; ${START} looks further` };
}

/** Settings, catalogues and the model. */
export async function checkSettings(): Promise<Finding[]> {
  try {
    const settings = readSettings();
    return [{ what: "settings", is: "good", says: "can be used" }, catalogFinding(settings), await modelFinding(settings)];
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
  if (status === undefined) return { what, is: "bad", says: "the endpoint does not answer", todo: "see GENESIS_MODEL_URL" };
  if (status === 401 || status === 403) return { what, is: "bad", says: `the endpoint answers ${status}`, todo: "see GENESIS_MODEL_KEY" };
  return { what, is: "good", says: `${modelName}; the endpoint answers` };
}

/** The services of an instance: whether each is there and ready. */
export async function checkServices({ services }: LocalState): Promise<Finding[]> {
  return Promise.all(
    SERVICES.map(async ({ name }): Promise<Finding> => {
      const running = services.find((service) => service.name === name);
      const todo = `genesis logs ${name}`;
      if (running === undefined) return { what: name, is: "bad", says: "is not running", todo };
      const status = await statusOf(`${running.http}/readyz`);
      if (status === 200) return { what: name, is: "good", says: `ready, pid ${running.pid}, ${running.http}` };
      const says = status === undefined ? `does not answer at ${running.http}` : `is not ready, pid ${running.pid}`;
      return { what: name, is: "bad", says, todo };
    }),
  );
}

/** The broker, and what of Genesis is on it. */
export async function checkBroker(url: string): Promise<Finding[]> {
  const where = new URL(url).host;
  try {
    const bus = await connect({ url, prefix: readSettings().prefix, name: "genesis doctor", waitMs: ANSWER_MS });
    try {
      const { version, max_payload = 0 } = bus.nc.info ?? {};
      const says = `nats-server ${version} at ${where}, messages up to ${max_payload / MIB} MiB`;
      return [{ what: "broker", is: "good", says }, ...(await checkStreams(bus)), await checkConsumers(bus)];
    } finally {
      await bus.close();
    }
  } catch (error) {
    return [bad("broker", error, START)];
  }
}

async function checkStreams(bus: Bus): Promise<Finding[]> {
  const kinds = Object.keys(bus.names) as StreamName[];
  return Promise.all(kinds.map((kind) => streamFinding(bus, kind)));
}

async function streamFinding({ jsm, names }: Bus, kind: StreamName): Promise<Finding> {
  const what = `stream ${names[kind]}`;
  const info = await jsm.streams.info(names[kind]).catch(() => undefined);
  if (info === undefined) return { what, is: "bad", says: "is missing", todo: "npx genesis setup" };
  const { state, config } = info;
  const share = config.max_bytes > 0 ? state.bytes / config.max_bytes : 0;
  const says = `${state.messages} messages${config.max_bytes > 0 ? `, ${Math.round(share * 100)} % full` : ""}`;
  if (kind === "log" && share >= ADMIT_BELOW) {
    return { what, is: "bad", says: `${says}: no new task is admitted`, todo: "raise GENESIS_LOG_MAX_BYTES and run genesis setup" };
  }
  if (kind === "dlq" && state.messages > 0) return { what, is: "note", says, todo: "genesis dlq list" };
  return { what, is: "good", says };
}

async function checkConsumers(bus: Bus): Promise<Finding> {
  const { names, subjects } = bus;
  const what = "consumers";
  const { agents } = loadCatalog(readSettings().catalog);
  const wanted = consumers(subjects, agents);
  const pending = new Map<string, number>();
  for (const stream of Object.values(names)) {
    for (const [durable, waiting] of await durablesOf(bus, stream)) pending.set(`${stream} ${durable}`, waiting);
  }
  const missing = wanted.filter(({ stream, durable }) => !pending.has(`${names[stream]} ${durable}`));
  if (missing.length > 0) {
    const some = missing.slice(0, 3).map(({ durable }) => durable);
    const says = `${missing.length} of ${wanted.length} are missing: ${some.join(", ")}${missing.length > 3 ? " …" : ""}`;
    return { what, is: "bad", says, todo: "npx genesis setup" };
  }
  const waiting = [...pending.values()].reduce((sum, n) => sum + n, 0);
  return { what, is: "good", says: `all ${wanted.length} are there, ${waiting} messages wait` };
}

/** The consumers of a stream with how many messages wait for each; none of a stream that is missing, which is a finding of its own. */
async function durablesOf({ jsm }: Bus, stream: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  try {
    for await (const { name, num_pending } of jsm.consumers.list(stream)) found.set(name, num_pending);
    return found;
  } catch {
    return found;
  }
}

function bad(what: string, error: unknown, todo: string): Finding {
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
