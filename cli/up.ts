import { InvalidArgumentError, Option, type Command } from "commander";
import { DEFAULT_DIR } from "../local/dir-option.ts";
import { StartFailure } from "../local/failure.ts";
import { MAX_PORT } from "../local/ports.ts";
import { up as runUp, type UpOptions } from "../local/up.ts";
import { CommandFailure } from "./failure.ts";
import { jsonOption } from "./output.ts";

/** `genesis up`: the local mode, in the foreground. */
export function up(command: Command): void {
  jsonOption(command, "say that it is ready as JSON")
    .option("--dir <dir>", "folder for everything it writes", DEFAULT_DIR)
    .option("--port <n>", "the broker's port; the others move with it, 0 picks free ones", portNumber, 4222)
    .addOption(
      new Option("--profile <name>", "durable: acknowledged means on disk; fast: a power cut may lose some")
        .choices(["durable", "fast"])
        .default("durable"),
    )
    .option("--observe", "with a Collector and a Prometheus beside the services", false)
    .action(async (options: UpOptions) => {
      try {
        await runUp(options);
      } catch (error) {
        if (error instanceof StartFailure) throw new CommandFailure(error.message, error.exitCode);
        throw error;
      }
    });
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > MAX_PORT) {
    throw new InvalidArgumentError(`It must be a whole number from 0 to ${MAX_PORT}.`);
  }
  return port;
}
