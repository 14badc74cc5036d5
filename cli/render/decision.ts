import type { Candidate } from "../../shared/contract/plan.ts";
import type { DecisionView } from "../decision-view.ts";
import type { Paint } from "./paint.ts";
import { inColumns } from "./table.ts";
import { oneLine, shorten, shortValue } from "./text.ts";

const TEXT_WIDTH = 400;
const VALUE_WIDTH = 80;
const REASON_WIDTH = 120;

/** A decision record as a person reads it: the choice, the rule and what matched it, who else was considered, and everyone else. */
export function decisionLines(view: DecisionView, paint: Paint): string[] {
  return [
    choiceText(view, paint),
    ...headLines(view, paint),
    ...matchedLines(view, paint),
    ...candidateLines(view, paint),
    ...otherLines(view, paint),
  ];
}

function choiceText({ step, agent, made, unroutedBecause, decision }: DecisionView, paint: Paint): string {
  if (agent === undefined) {
    return `${paint.bold(step)} ${paint.red("goes to nobody")}: ${shorten(unroutedBecause ?? "", TEXT_WIDTH)}`;
  }
  const rule = decision.rule === undefined ? "" : ` ${paint.cyan(decision.rule)}`;
  return `${paint.bold(step)} goes to ${paint.green(paint.bold(agent))}${made ? ` (${made})` : ""}, by ${METHODS[decision.method]}${rule}`;
}

const METHODS = {
  rule: "rule",
  capability: "capability: no rule applies, so whoever can do it best",
  fallback: "fallback: nothing else applies",
} as const;

function headLines({ title, taskType, run, rev, rules, decision }: DecisionView, paint: Paint): string[] {
  return [
    ...inColumns([
      [paint.dim("step"), `${shorten(title, TEXT_WIDTH)} (task type ${taskType})`],
      [paint.dim("run"), `${run}, revision ${rev}`],
      [paint.dim("rules"), `version ${oneLine(rules.version)}, hash ${shorten(rules.hash, 12)}`],
    ]),
    ...(decision.explanation === "" ? [] : ["", shorten(decision.explanation, TEXT_WIDTH)]),
  ];
}

function matchedLines({ decision }: DecisionView, paint: Paint): string[] {
  const matched = Object.entries(decision.matched);
  if (matched.length === 0) return [];
  const rows = matched.map(([path, value]) => [`  ${oneLine(path)}`, shortValue(value, VALUE_WIDTH)]);
  return ["", paint.dim("what matched"), ...inColumns(rows)];
}

/** In the record's own order, which is the order of preference. */
function candidateLines({ decision, agent }: DecisionView, paint: Paint): string[] {
  if (decision.candidates.length === 0) return ["", paint.dim("candidates"), "  nobody came into question"];
  const rows = decision.candidates.map((candidate) =>
    candidateCells(candidate, candidate.agent === agent, paint),
  );
  return ["", paint.dim("candidates"), ...inColumns(rows)];
}

function candidateCells(
  { agent, score, rejectedBecause = "" }: Candidate,
  isChosen: boolean,
  paint: Paint,
): string[] {
  if (isChosen) return [`  ${paint.green("✔")} ${agent}`, score.toFixed(2), paint.green("chosen")];
  return [`    ${agent}`, score.toFixed(2), shorten(rejectedBecause, REASON_WIDTH)];
}

function otherLines({ decision }: DecisionView, paint: Paint): string[] {
  const others = Object.entries(decision.others).filter(([, agents]) => agents.length > 0);
  if (others.length === 0) return [];
  const groups = others.flatMap(([reason, agents]) => [
    `  ${shorten(reason, REASON_WIDTH)} (${agents.length})`,
    `    ${paint.dim(agents.join(", "))}`,
  ]);
  return ["", paint.dim("everyone else"), ...groups];
}
