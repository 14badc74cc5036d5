import { setTimeout as sleep } from "node:timers/promises";
import type { Bus } from "../shared/bus/connect.ts";
import { loadCatalog } from "../shared/catalog/load.ts";
import { GENESIS } from "../shared/contract/command.ts";
import { agentConsumer, consumers, type ConsumerSpec } from "../shared/contract/streams.ts";
import { LANES } from "../shared/contract/subjects.ts";
import type { AgentCard } from "../shared/domain/agents.ts";
import type { Finding } from "./finding.ts";
import { counted } from "./render/text.ts";

/** What the broker says about a durable: messages that wait, those that somebody has in hand, and requests for more that are open. */
type Durable = { waiting: number; inHand: number; asked: number };

/** So many consumers are named in a finding. */
const NAMED = 3;
/** Between two requests for messages there may be a moment without any; nobody who listens is silent for so long. */
const LOOK_AGAIN_MS = 1500;

/** The durables, and for whom messages wait that nobody takes. @param catalog the catalogues whose agents there should be */
export async function checkConsumers(bus: Bus, catalog: readonly string[]): Promise<Finding[]> {
  let agents: readonly AgentCard[];
  try {
    ({ agents } = loadCatalog(catalog));
  } catch {
    return [{ what: "consumers", is: "note", says: "not looked at; the catalogue has to be correct first" }];
  }
  const wanted = consumers(bus.subjects, agents);
  const found = await durablesOf(bus);
  const missing = wanted.filter((spec) => !found.has(keyOf(bus, spec)));
  const all = missing.length > 0 ? missingFinding(missing, wanted.length) : waitingFinding(found, wanted);
  return [all, ...(await unheard(bus, { agents, found }))];
}

function missingFinding(missing: readonly ConsumerSpec[], wanted: number): Finding {
  const some = missing.slice(0, NAMED).map(({ durable }) => durable);
  const says = `${missing.length} of ${wanted} are missing: ${some.join(", ")}${missing.length > NAMED ? " …" : ""}`;
  return { what: "consumers", is: "bad", says, todo: `${GENESIS} setup` };
}

function waitingFinding(found: ReadonlyMap<string, Durable>, wanted: readonly ConsumerSpec[]): Finding {
  const behind = [...found]
    .filter(([, { waiting }]) => waiting > 0)
    .toSorted(([, a], [, b]) => b.waiting - a.waiting);
  const sum = behind.reduce((total, [, { waiting }]) => total + waiting, 0);
  const named = behind.slice(0, NAMED).map(([key, { waiting }]) => `${waiting} for ${key.split(" ")[1]}`);
  const forWhom = sum === 0 ? "" : `: ${named.join(", ")}${behind.length > NAMED ? " …" : ""}`;
  return {
    what: "consumers",
    is: "good",
    says: `all ${wanted.length} are there, ${sum} messages wait${forWhom}`,
  };
}

type Looked = { agents: readonly AgentCard[]; found: ReadonlyMap<string, Durable> };

/** A finding for each party with waiting messages of whom nothing is to be seen, twice in a row. */
async function unheard(bus: Bus, { agents, found }: Looked): Promise<Finding[]> {
  const parties = partiesOf(bus, agents);
  const silent = parties.filter(({ keys }) => isUnheard(together(found, keys)));
  if (silent.length === 0) return [];
  await sleep(LOOK_AGAIN_MS);
  const again = await durablesOf(bus);
  return silent.flatMap(({ what, keys, todo }): Finding[] => {
    const now = together(again, keys);
    if (!isUnheard(now)) return [];
    const says = `${counted(now.waiting, "message")} ${now.waiting === 1 ? "waits" : "wait"}, nobody listens`;
    return [{ what, is: "bad", says, todo }];
  });
}

/** Who takes messages, from which durables, and what to do when nobody does. */
type Party = { what: string; keys: string[]; todo: string };

function partiesOf(bus: Bus, agents: readonly AgentCard[]): Party[] {
  const ofServices = consumers(bus.subjects, []).map((spec) => ({
    what: `durable ${spec.durable}`,
    keys: [keyOf(bus, spec)],
    todo: `${GENESIS} up`,
  }));
  // An agent with its hands full asks for nothing, and one of its lanes goes before another: so they are looked at together.
  const ofAgents = agents.map(({ name, external }) => ({
    what: `agent ${name}`,
    keys: LANES.map((lane) => keyOf(bus, { stream: "log", durable: agentConsumer(name, lane) })),
    todo: external ? "start its process" : `${GENESIS} up`,
  }));
  return [...ofServices, ...ofAgents];
}

function together(found: ReadonlyMap<string, Durable>, keys: readonly string[]): Durable {
  const sum = { waiting: 0, inHand: 0, asked: 0 };
  for (const { waiting, inHand, asked } of keys.flatMap((key) => found.get(key) ?? [])) {
    sum.waiting += waiting;
    sum.inHand += inHand;
    sum.asked += asked;
  }
  return sum;
}

function isUnheard({ waiting, inHand, asked }: Durable): boolean {
  return waiting > 0 && inHand === 0 && asked === 0;
}

function keyOf({ names }: Bus, { stream, durable }: Pick<ConsumerSpec, "stream" | "durable">): string {
  return `${names[stream]} ${durable}`;
}

async function durablesOf(bus: Bus): Promise<Map<string, Durable>> {
  const found = new Map<string, Durable>();
  for (const stream of Object.values(bus.names)) {
    try {
      for await (const { name, num_pending, num_ack_pending, num_waiting } of bus.jsm.consumers.list(stream))
        found.set(`${stream} ${name}`, {
          waiting: num_pending,
          inHand: num_ack_pending,
          asked: num_waiting,
        });
    } catch {
      // A stream that is missing is a finding of its own.
    }
  }
  return found;
}
