import type { Command } from "commander";
import { setUpBus } from "../local/set-up-bus.ts";
import type { SetupResult } from "../shared/bus/setup.ts";
import { loadCatalog } from "../shared/catalog/load.ts";
import { readSettings } from "../shared/config.ts";
import { streamNames } from "../shared/contract/streams.ts";
import { brokerOptions, brokerUrl, type BrokerOptions } from "./connection.ts";
import { jsonOption, outputFor } from "./output.ts";
import { counted } from "./render/text.ts";

/** `genesis setup`: makes the streams and durable consumers that everyone else binds to. */
export function setup(command: Command): void {
  jsonOption(brokerOptions(command)).action(async (options: BrokerOptions & { json: boolean }) => {
    const output = outputFor(options);
    const settings = { ...readSettings(), natsUrl: brokerUrl(options) };
    const { agents } = loadCatalog(settings.catalog);
    const result = await setUpBus({ settings, agents, onWait });
    if (options.json) return output.document(result);
    output.lines(setupLines(result, Object.values(streamNames(settings.prefix))));
  });
}

function onWait(waitedMs: number, reason: string): void {
  process.stderr.write(`waiting for the broker since ${Math.round(waitedMs / 1000)} s: ${reason}\n`);
}

/** What was changed, by name; what was made or left as it is only counted, since that is mostly all of some ninety. */
export function setupLines(
  { created, updated, unchanged }: SetupResult,
  streams: readonly string[],
): string[] {
  const amount = (names: readonly string[]): string => {
    const ofStreams = names.filter((name) => streams.includes(name)).length;
    return `${counted(ofStreams, "stream")}, ${counted(names.length - ofStreams, "consumer")}`;
  };
  return [
    ...(created.length > 0 ? [`created: ${amount(created)}`] : []),
    ...(updated.length > 0 ? [`updated: ${updated.join(", ")}`] : []),
    ...(unchanged.length > 0 ? [`unchanged: ${amount(unchanged)}`] : []),
  ];
}
