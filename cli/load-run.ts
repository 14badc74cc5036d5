import type { Bus } from "../shared/bus/connect.ts";
import type { History } from "../shared/contract/decider.ts";
import { foldRun, type Run } from "../shared/domain/run.ts";
import { CommandFailure } from "./failure.ts";
import { resolveRun } from "./run-id.ts";
import { viewOf, type RunView } from "./run-view.ts";
import type { RunsOfTrace } from "./traced-runs.ts";
import { GENESIS } from "../shared/contract/command.ts";

/** A run with its history. */
export type LoadedRun = { run: Run; history: History };

/** The run that is meant, as the log tells it now. @throws CommandFailure for no or several runs, see `resolveRun` */
export async function loadRun(bus: Bus, given: string, elsewhere?: RunsOfTrace): Promise<LoadedRun> {
  const history = await bus.log.history(await resolveRun(bus, given, elsewhere));
  return { run: foldRun(history), history };
}

/** What is to be told about a run now. @throws CommandFailure for a run whose task cannot be read */
export function viewNow(run: Run): RunView {
  const view = viewOf(run, Date.now());
  if (view) return view;
  throw new CommandFailure(`the task of run ${run.id} cannot be read; ${GENESIS} events ${run.id} tells why`);
}
