import type { History } from "../../shared/contract/decider.ts";
import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import { ATTRIBUTE, type Observation, type Point } from "../../shared/telemetry/names.ts";

/** What execution's work on a run shows: attempts that agents were asked for, how attempts ended, and the end of the run. */
export function observe(
  trigger: StoredEvent | undefined,
  written: readonly NewEvent[],
  history: History,
): Observation {
  const dispatched = written.filter((event) => event.type === "step.dispatched");
  const finished = written.find((event) => event.type === "run.finished");
  const attributes = {
    ...(dispatched.length > 0 && { [ATTRIBUTE.dispatchedCount]: dispatched.length }),
    ...(finished && { [ATTRIBUTE.outcome]: finished.data.outcome }),
  };
  const asked = dispatched.map(({ data }): Point => ({
    metric: "dispatched",
    labels: { agent: data.agent },
    value: 1,
  }));
  return { attributes, points: [...asked, ...(finished ? endOf(finished, trigger, history) : [])] };
}

/** A run lasts from the storing of its task to the storing of what decided its end. */
function endOf(
  finished: NewEvent<"run.finished">,
  trigger: StoredEvent | undefined,
  { events }: History,
): Point[] {
  const labels = { outcome: finished.data.outcome };
  const task = events.find((event) => event.type === "task.submitted");
  const lastMs = (trigger ?? events.at(-1))?.storedAtMs;
  const counted: Point = { metric: "runsFinished", labels, value: 1 };
  if (task === undefined || lastMs === undefined) return [counted];
  return [counted, { metric: "runSeconds", labels, value: Math.max(0, lastMs - task.storedAtMs) / 1000 }];
}
