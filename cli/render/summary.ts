import type { Made } from "../made.ts";
import type { RunView } from "../run-view.ts";
import type { StepView } from "../step-view.ts";
import { runWord, type Paint } from "./paint.ts";
import { counted, shorten } from "./text.ts";
import { duration } from "./time.ts";

/** Of the steps that failed this many are named. */
const MOST_NAMED = 3;
const BECAUSE_WIDTH = 160;

/** How a run ended, on one line that hides nothing: its outcome, what became of its steps, and how much of it was really done. */
export function endSummary(view: RunView, paint: Paint): string {
  const ended = `${runWord(view.outcome ?? view.state, paint)} after ${duration(view.durationMs)}`;
  return `${ended}: ${stepsText(view)}${fallbackText(view)}`;
}

function stepsText({ steps, counts }: RunView): string {
  const primitives = steps.filter(({ kind }) => kind === "primitive");
  const of = (state: StepView["state"]): StepView[] => primitives.filter((step) => step.state === state);
  const completed = counts?.completed ?? of("completed").length;
  const failed = counts?.failed ?? of("failed").length;
  const skipped = counts?.skipped ?? of("skipped").length;
  const parts = [
    ...(completed > 0 ? [`${counted(completed, "step")} completed`, ...madeTexts(of("completed"))] : []),
    ...(failed > 0 ? [`${failed} failed${reasons(of("failed"))}`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
  return parts.length > 0 ? parts.join(", ") : "no step was done";
}

function fallbackText({ revisions }: RunView): string {
  const { planner, because = "nothing fits this goal" } = revisions.at(-1) ?? {};
  return planner?.kind === "fallback" ? `; planned by fallback: ${shorten(because, BECAUSE_WIDTH)}` : "";
}

/** How much was not really done, e.g. `all simulated`, `2 simulated`. */
export function madeTexts(completed: readonly Pick<StepView, "made">[]): string[] {
  return (["simulated", "text only"] satisfies Made[]).flatMap((made) => {
    const count = completed.filter((step) => step.made === made).length;
    if (count === 0) return [];
    return [`${count === completed.length ? "all" : count} ${made}`];
  });
}

function reasons(failed: readonly StepView[]): string {
  if (failed.length === 0) return "";
  const named = failed.slice(0, MOST_NAMED).map(({ id, error }) => (error ? `${id}: ${error.code}` : id));
  return ` (${[...named, ...(failed.length > MOST_NAMED ? ["…"] : [])].join(", ")})`;
}
