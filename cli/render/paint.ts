import { createColors } from "picocolors";
import type { StepViewState } from "../step-view.ts";

/** Colours for a terminal, or none: every renderer is given one, and says the same with both. */
export type Paint = ReturnType<typeof createColors>;

/** Text as it is. */
export const PLAIN: Paint = createColors(false);
export const COLOURED: Paint = createColors(true);

type Look = { symbol: string; colour: "green" | "red" | "cyan" | "yellow" | "dim"; word?: string };

const STEP_LOOKS: Record<StepViewState, Look> = {
  completed: { symbol: "✔", colour: "green" },
  failed: { symbol: "✖", colour: "red" },
  running: { symbol: "▶", colour: "cyan" },
  retrying: { symbol: "↻", colour: "yellow" },
  waiting: { symbol: "·", colour: "dim" },
  skipped: { symbol: "-", colour: "dim" },
  abandoned: { symbol: "×", colour: "yellow" },
  rejected: { symbol: "-", colour: "dim", word: "not run (rejected)" },
  unstarted: { symbol: "-", colour: "dim", word: "not run" },
};

const RUN_COLOURS: Record<string, Look["colour"]> = {
  completed: "green",
  failed: "red",
  rejected: "red",
  expired: "red",
  cancelled: "yellow",
  running: "cyan",
  ending: "cyan",
  planning: "cyan",
};

/** The sign of a step's state. */
export function stepSymbol(state: StepViewState, paint: Paint): string {
  const { symbol, colour } = STEP_LOOKS[state];
  return paint[colour](symbol);
}

/** The word for a step's state. */
export function stepWord(state: StepViewState, paint: Paint): string {
  const { colour, word = state } = STEP_LOOKS[state];
  return paint[colour](word);
}

/** The word for a run's state or outcome. */
export function runWord(word: string, paint: Paint): string {
  return paint[RUN_COLOURS[word] ?? "dim"](word);
}
