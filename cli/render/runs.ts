import type { RunView } from "../run-view.ts";
import { runWord, type Paint } from "./paint.ts";
import { tableLines } from "./table.ts";
import { shorten } from "./text.ts";
import { duration } from "./time.ts";

/** A run in a list. */
export type RunSummary = Pick<
  RunView,
  "run" | "state" | "outcome" | "goal" | "taskType" | "priority" | "submittedAt" | "finishedAt" | "durationMs"
> & {
  steps: {
    done: number;
    all: number;
    /** How much of what is done is not real, e.g. `all simulated`. */
    made: readonly string[];
  };
};

const GOAL_WIDTH = 60;
const SHORTEST_ID = 8;

/** Runs as a table, in the order given. Ids are shown as long as is needed to tell these runs apart. */
export function runTable(runs: readonly RunSummary[], nowMs: number, paint: Paint): string[] {
  const width = idWidth(runs.map(({ run }) => run));
  const rows = runs.map(({ run, state, outcome, steps, durationMs, submittedAt, goal }) => [
    run.slice(0, width),
    runWord(outcome ?? state, paint),
    steps.all === 0 ? "" : [`${steps.done} of ${steps.all}`, ...steps.made].join(", "),
    duration(durationMs),
    `${duration(nowMs - Date.parse(submittedAt))} ago`,
    shorten(goal, GOAL_WIDTH),
  ]);
  return tableLines(["RUN", "STATE", "STEPS", "TOOK", "SUBMITTED", "GOAL"], rows, paint);
}

/** How much of the ids tells them apart, at least 8 characters. */
export function idWidth(ids: readonly string[]): number {
  const longest = Math.max(SHORTEST_ID, ...ids.map((id) => id.length));
  for (let width = SHORTEST_ID; width < longest; width += 1) {
    if (new Set(ids.map((id) => id.slice(0, width))).size === ids.length) return width;
  }
  return longest;
}
