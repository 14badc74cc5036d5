import type { Bus } from "../shared/bus/connect.ts";
import { isToken } from "../shared/contract/subjects.ts";
import { CommandFailure } from "./failure.ts";
import { shorten } from "./render/text.ts";
import { mayBeTrace, runsSubmittedIn, type RunsOfTrace } from "./traced-runs.ts";
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

/**
 * The run that is meant: by its id or any unique beginning of it, else by the trace that it was submitted in, which metrics'
 * exemplars and log lines name. @param elsewhere finds what is left, as the runs that a later trace belongs to
 * @throws CommandFailure for no run, or for several, naming them
 */
export async function resolveRun(bus: Bus, given: string, elsewhere?: RunsOfTrace): Promise<string> {
  const match: Match = isToken(given) ? await lookUp(bus, given) : { is: "none" };
  if (match.is === "one") return match.run;
  if (match.is === "many") throw severalRuns(match.runs, `"${given}" is the beginning of`, "give more of it");
  if (!mayBeTrace(given))
    throw new CommandFailure(`no run begins with "${shorten(given, 64)}"; ${GENESIS} runs lists them`);
  const submitted = await runsSubmittedIn(bus.log, given);
  const runs = submitted.size > 0 ? [...submitted] : await stored(bus, (await elsewhere?.(given)) ?? []);
  const [run] = runs;
  if (run === undefined)
    throw new CommandFailure(
      `neither a run nor a trace of one is "${given}"; ${GENESIS} runs lists the runs`,
    );
  if (runs.length > 1) throw severalRuns(runs.toSorted(), `trace "${given}" belongs to`, "name one of them");
  return run;
}

function severalRuns(runs: readonly string[], what: string, todo: string): CommandFailure {
  const shown = runs.slice(0, SHOWN).join(", ");
  const rest = runs.length > SHOWN ? ` and ${runs.length - SHOWN} more` : "";
  return new CommandFailure(`${what} ${runs.length} runs (${shown}${rest}); ${todo}`);
}

/** Those of some runs that the log has still. */
async function stored(bus: Bus, runs: Iterable<string>): Promise<string[]> {
  const found = await Promise.all([...runs].map(async (run) => ((await isStored(bus, run)) ? [run] : [])));
  return found.flat();
}

async function isStored({ log, subjects }: Bus, run: string): Promise<boolean> {
  return isToken(run) && (await log.readStored(subjects.fact("task.submitted", run, "once"))) !== undefined;
}

async function lookUp(bus: Bus, given: string): Promise<Match> {
  const { jsm, names, subjects } = bus;
  if (await isStored(bus, given)) return { is: "one", run: given };
  // The broker keeps the subjects in memory: listing them is much quicker than reading the messages.
  const info = await jsm.streams.info(names.log, { subjects_filter: subjects.allOf("task.submitted") });
  const runs = Object.keys(info.state.subjects ?? {}).flatMap((subject) => subjects.runOf(subject) ?? []);
  return matchRun(given, runs);
}
