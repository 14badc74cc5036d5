import { Option } from "commander";
import { findInstance } from "../local/state.ts";
import { nameFromAnywhere } from "../shared/catalog/load.ts";
import { readSettings } from "../shared/config.ts";

/** The option that names catalogues, shipped ones or folders. It may be given several times. */
export function catalogOption(): Option {
  return new Option(
    "--catalog <name>",
    "a shipped catalogue or a folder; repeatable (default: all shipped)",
  ).argParser((name: string, before: string[] = []) => [...before, name]);
}

/**
 * The catalogues that are meant. Where those of this shell are taken and the instance that runs here has others, standard error
 * says so: nothing else would tell why it decides otherwise. @throws SettingError for a setting that does not fit
 */
export function catalogNames(given: readonly string[] | undefined): readonly string[] {
  const here = readSettings().catalog;
  if (given !== undefined) return given;
  const running = findInstance()?.state.settings?.catalog;
  if (running !== undefined && running.join() !== here.map(nameFromAnywhere).join()) {
    const options = running.map((name) => `--catalog ${name}`).join(" ");
    process.stderr.write(`note: the instance that runs here has other catalogues: ${options}\n`);
  }
  return here;
}
