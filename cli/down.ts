import type { Command } from "commander";
import { down as runDown } from "../local/down.ts";
import { progressOn } from "../local/progress.ts";
import { jsonOption, outputFor } from "./output.ts";

/** `genesis down`: stops what `genesis up` started. */
export function down(command: Command): void {
  jsonOption(command)
    .option(
      "--dir <dir>",
      "folder of the instance (default: the nearest .genesis from here up where one runs)",
    )
    .action(async (options: { dir?: string; json: boolean }) => {
      const dir = await runDown(options.dir, progressOn(process.stderr));
      const output = outputFor(options);
      if (options.json) return output.document({ stopped: dir !== undefined, dir: dir ?? null });
      output.lines([dir === undefined ? "nothing is running" : `stopped ${dir}`]);
    });
}
