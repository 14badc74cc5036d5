import type { Command } from "commander";
import { setUpBus } from "../local/set-up-bus.ts";
import { loadCatalog } from "../shared/catalog/load.ts";
import { readSettings } from "../shared/config.ts";
import { brokerOptions, brokerUrl, type BrokerOptions } from "./connection.ts";
import { jsonOption, outputFor } from "./output.ts";

/** `genesis setup`: makes the streams and durable consumers that everyone else binds to. */
export function setup(command: Command): void {
  jsonOption(brokerOptions(command)).action(async (options: BrokerOptions & { json: boolean }) => {
    const output = outputFor(options);
    const settings = { ...readSettings(), natsUrl: brokerUrl(options) };
    const { agents } = loadCatalog(settings.catalog);
    const result = await setUpBus({ settings, agents, onWait });
    if (options.json) return output.document(result);
    output.lines(
      Object.entries(result).flatMap(([what, names]) =>
        names.length > 0 ? [`${what}: ${names.join(", ")}`] : [],
      ),
    );
  });
}

function onWait(waitedMs: number, reason: string): void {
  process.stderr.write(`waiting for the broker since ${Math.round(waitedMs / 1000)} s: ${reason}\n`);
}
