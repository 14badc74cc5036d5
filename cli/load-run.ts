import type { Bus } from "../shared/bus/connect.ts";
import type { History } from "../shared/contract/decider.ts";
import { foldRun, type Run } from "../shared/domain/run.ts";
import { resolveRun } from "./run-id.ts";

/** A run with its history. */
export type LoadedRun = { run: Run; history: History };

/** The run that is meant by its id or a unique beginning of it, as the log tells it now. @throws CommandFailure for no or several runs */
export async function loadRun(bus: Bus, given: string): Promise<LoadedRun> {
  const history = await bus.log.history(await resolveRun(bus, given));
  return { run: foldRun(history), history };
}
