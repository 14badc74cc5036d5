import { connect, type Bus } from "../shared/bus/connect.ts";
import { GENESIS } from "../shared/contract/command.ts";
import { ADMIT_BELOW, type StreamName } from "../shared/contract/streams.ts";
import { checkConsumers } from "./checkup-consumers.ts";
import { bad, type Finding } from "./finding.ts";

const ANSWER_MS = 3000;
const MIB = 1024 * 1024;

/** Which broker is looked at, and what is expected on it. */
export type BrokerPlan = { url: string; prefix: string; catalog: readonly string[] };

/** The broker, and what of Genesis is on it. */
export async function checkBroker({ url, prefix, catalog }: BrokerPlan): Promise<Finding[]> {
  if (!URL.canParse(url)) {
    return [{ what: "broker", is: "bad", says: "its address is no URL", todo: "see --nats, or NATS_URL" }];
  }
  const where = new URL(url).host;
  try {
    const bus = await connect({ url, prefix, name: "genesis-doctor", waitMs: ANSWER_MS });
    try {
      const { version, max_payload = 0 } = bus.nc.info ?? {};
      const says = `nats-server ${version} at ${where}, messages up to ${max_payload / MIB} MiB`;
      return [
        { what: "broker", is: "good", says },
        ...(await checkStreams(bus)),
        ...(await checkConsumers(bus, catalog)),
      ];
    } finally {
      await bus.close();
    }
  } catch (error) {
    const isUnfit = error instanceof Error && error.name === "BrokerUnfit";
    const needs = "docs/operations.md says what a broker needs";
    return [bad("broker", error, isUnfit ? needs : `${GENESIS} up`)];
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
