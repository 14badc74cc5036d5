import type { Bus } from "../shared/bus/connect.ts";
import { isToken } from "../shared/contract/subjects.ts";
import { CommandFailure } from "./failure.ts";
import { shorten } from "./render/text.ts";
import { GENESIS } from "../shared/contract/command.ts";

/** What a text that was given for a run stands for. */
export type Match = { is: "one"; run: string } | { is: "none" } | { is: "many"; runs: readonly string[] };

/** The one run with this id, or whose id begins with it. */
export function matchRun(given: string, runs: Iterable<string>): Match {
  const found: string[] = [];
  for (const run of runs) {
    if (run === given) return { is: "one", run };
    if (run.startsWith(given)) found.push(run);
  }
  const [run] = found;
  if (run === undefined) return { is: "none" };
  return found.length === 1 ? { is: "one", run } : { is: "many", runs: found.toSorted() };
}

/** An error names at most this many runs. */
const SHOWN = 5;

/** The run that is meant by its id or any unique beginning of it. @throws CommandFailure for no run, or for several, naming them */
export async function resolveRun(bus: Bus, given: string): Promise<string> {
  const match = isToken(given) ? await lookUp(bus, given) : ({ is: "none" } as const);
  switch (match.is) {
    case "one":
      return match.run;
    case "none":
      throw new CommandFailure(`no run begins with "${shorten(given, 64)}"; ${GENESIS} runs lists them`);
    case "many": {
      const shown = match.runs.slice(0, SHOWN).join(", ");
      const rest = match.runs.length > SHOWN ? ` and ${match.runs.length - SHOWN} more` : "";
      throw new CommandFailure(
        `"${given}" is the beginning of ${match.runs.length} runs (${shown}${rest}); give more of it`,
      );
    }
  }
}

async function lookUp({ log, jsm, names, subjects }: Bus, given: string): Promise<Match> {
  const exact = await log.readStored(subjects.fact("task.submitted", given, "once"));
  if (exact !== undefined) return { is: "one", run: given };
  // The broker keeps the subjects in memory: listing them is much quicker than reading the messages.
  const info = await jsm.streams.info(names.log, { subjects_filter: subjects.allOf("task.submitted") });
  const runs = Object.keys(info.state.subjects ?? {}).flatMap((subject) => subjects.runOf(subject) ?? []);
  return matchRun(given, runs);
}
