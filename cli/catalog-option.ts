import { Option } from "commander";
import { readSettings } from "../shared/config.ts";

/** The option that names catalogues, shipped ones or folders. It may be given several times. */
export function catalogOption(): Option {
  return new Option(
    "--catalog <name>",
    "a shipped catalogue or a folder; repeatable (default: all shipped)",
  ).argParser((name: string, before: string[] = []) => [...before, name]);
}

/** The catalogues that are meant. @throws SettingError for a setting that does not fit */
export function catalogNames(given: readonly string[] | undefined): readonly string[] {
  return given ?? readSettings().catalog;
}
