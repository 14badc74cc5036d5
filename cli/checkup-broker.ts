import { connect, type Bus } from "../shared/bus/connect.ts";
import { loadCatalog } from "../shared/catalog/load.ts";
import { readSettings } from "../shared/config.ts";
import { ADMIT_BELOW, consumers, type StreamName } from "../shared/contract/streams.ts";
import { bad, type Finding } from "./checkup.ts";
import { GENESIS } from "../shared/contract/command.ts";

const ANSWER_MS = 3000;
const MIB = 1024 * 1024;

/** The broker, and what of Genesis is on it. */
export async function checkBroker(url: string): Promise<Finding[]> {
  if (!URL.canParse(url)) {
    return [{ what: "broker", is: "bad", says: "its address is no URL", todo: "see --nats, or NATS_URL" }];
  }
  const where = new URL(url).host;
  try {
    const bus = await connect({
      url,
      prefix: readSettings().prefix,
      name: "genesis-doctor",
      waitMs: ANSWER_MS,
    });
    try {
      const { version, max_payload = 0 } = bus.nc.info ?? {};
      const says = `nats-server ${version} at ${where}, messages up to ${max_payload / MIB} MiB`;
      return [{ what: "broker", is: "good", says }, ...(await checkStreams(bus)), await checkConsumers(bus)];
    } finally {
      await bus.close();
    }
  } catch (error) {
    return [bad("broker", error, `${GENESIS} up`)];
  }
}

async function checkStreams(bus: Bus): Promise<Finding[]> {
  const kinds = Object.keys(bus.names) as StreamName[];
  return Promise.all(kinds.map((kind) => streamFinding(bus, kind)));
}

async function streamFinding({ jsm, names }: Bus, kind: StreamName): Promise<Finding> {
  const what = `stream ${names[kind]}`;
  const info = await jsm.streams.info(names[kind]).catch(() => undefined);
  if (info === undefined) return { what, is: "bad", says: "is missing", todo: `${GENESIS} setup` };
  const { state, config } = info;
  const share = config.max_bytes > 0 ? state.bytes / config.max_bytes : 0;
  const says = `${state.messages} messages${config.max_bytes > 0 ? `, ${Math.round(share * 100)} % full` : ""}`;
  if (kind === "log" && share >= ADMIT_BELOW) {
    return {
      what,
      is: "bad",
      says: `${says}: no new task is admitted`,
      todo: `raise GENESIS_LOG_MAX_BYTES and run ${GENESIS} setup`,
    };
  }
  if (kind === "dlq" && state.messages > 0) return { what, is: "note", says, todo: `${GENESIS} dlq list` };
  return { what, is: "good", says };
}

/** So many consumers are named in a finding. */
const NAMED = 3;

async function checkConsumers(bus: Bus): Promise<Finding> {
  const { names, subjects } = bus;
  const what = "consumers";
  const { agents } = loadCatalog(readSettings().catalog);
  const wanted = consumers(subjects, agents);
  const pending = new Map<string, number>();
  for (const stream of Object.values(names)) {
    for (const [durable, waiting] of await durablesOf(bus, stream))
      pending.set(`${stream} ${durable}`, waiting);
  }
  const missing = wanted.filter(({ stream, durable }) => !pending.has(`${names[stream]} ${durable}`));
  if (missing.length > 0) {
    const some = missing.slice(0, NAMED).map(({ durable }) => durable);
    const says = `${missing.length} of ${wanted.length} are missing: ${some.join(", ")}${missing.length > NAMED ? " …" : ""}`;
    return { what, is: "bad", says, todo: `${GENESIS} setup` };
  }
  const behind = [...pending].filter(([, waiting]) => waiting > 0).toSorted(([, a], [, b]) => b - a);
  const waiting = behind.reduce((sum, [, n]) => sum + n, 0);
  const named = behind.slice(0, NAMED).map(([key, n]) => `${n} for ${key.split(" ")[1]}`);
  const forWhom = waiting === 0 ? "" : `: ${named.join(", ")}${behind.length > NAMED ? " …" : ""}`;
  return { what, is: "good", says: `all ${wanted.length} are there, ${waiting} messages wait${forWhom}` };
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
