import { Option, type Command } from "commander";
import { dirOption } from "../local/dir-option.ts";
import { findInstance } from "../local/state.ts";
import { connect, type Bus } from "../shared/bus/connect.ts";
import { readSettings } from "../shared/config.ts";
import { GenesisError } from "../shared/contract/errors.ts";
import { CommandFailure, wrongUsage } from "./failure.ts";
import { GENESIS } from "../shared/contract/command.ts";

/** Which broker a command means. */
export type BrokerOptions = { nats?: string; dir?: string };

/** A person waits for the answer; a broker that is there answers at once. */
const WAIT_MS = 1000;
const PROTOCOLS = ["nats:", "tls:", "ws:", "wss:"];

/** Gives a command the options that say which broker it means. */
export function brokerOptions(command: Command): Command {
  return command
    .addOption(new Option("--nats <url>", "the broker; else the instance that runs here").env("NATS_URL"))
    .option("--dir <dir>", "folder of the instance (default: the nearest .genesis from here up)");
}

/**
 * The address of the broker that is meant. @throws CommandFailure that says how to start one when there is none,
 * @throws SettingError for a setting that does not fit
 */
export function brokerUrl(options: BrokerOptions): string {
  return cellMeant(options).url;
}

/** The broker that is meant, and the prefix of the cell on it: the running instance's own, whatever this shell says. */
function cellMeant({ nats, dir }: BrokerOptions): { url: string; prefix: string } {
  const { prefix } = readSettings();
  // An empty variable counts as not set.
  if (nats) {
    if (URL.canParse(nats) && PROTOCOLS.includes(new URL(nats).protocol)) return { url: nats, prefix };
    throw wrongUsage("--nats takes a URL such as nats://127.0.0.1:4222");
  }
  const instance = findInstance(dir);
  if (instance !== undefined)
    return { url: instance.state.nats.url, prefix: instance.state.settings?.prefix ?? prefix };
  const where = dir === undefined ? "here" : `in ${dir}`;
  throw new CommandFailure(
    `nothing is running ${where}; start it with ${GENESIS} up${dirOption(dir)}, or name a broker with --nats`,
  );
}

/** Connects, hands over the bus, and closes it whatever happens. @throws CommandFailure when the broker has no Genesis on it */
export async function withBus<T>(options: BrokerOptions, use: (bus: Bus) => Promise<T>): Promise<T> {
  const { url, prefix } = cellMeant(options);
  const bus = await connect({ url, prefix, name: "genesis-cli", waitMs: WAIT_MS });
  try {
    return await use(bus);
  } catch (error) {
    throw explained(error, bus);
  } finally {
    await bus.close();
  }
}

function explained(error: unknown, bus: Bus): unknown {
  const isMissing = error instanceof Error && error.name === "StreamNotFoundError";
  if (isMissing || (error instanceof GenesisError && error.code === "E_STORAGE")) {
    return new CommandFailure(
      `the stream ${bus.names.log} does not answer; ${GENESIS} doctor says what is missing`,
    );
  }
  return error;
}
