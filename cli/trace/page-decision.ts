import type { Decision } from "../../shared/contract/plan.ts";
import type { DecisionView } from "../decision-view.ts";
import { oneLine, shorten, shortValue } from "../render/text.ts";
import type { Block } from "./page-block.ts";

const TEXT_WIDTH = 600;
const VALUE_WIDTH = 200;

const METHODS: Record<Decision["method"], string> = {
  rule: "by rule",
  capability: "by capability: no rule applies, so whoever can do it best",
  fallback: "by fallback: nothing else applies",
};

/** The decision record of a step: the choice and why, what matched, who else came into question, and everyone else. */
export function decisionBlock({ agent, unroutedBecause, rules, decision }: DecisionView): Block {
  const { method, rule, explanation, matched, candidates, others } = decision;
  const by = [METHODS[method], rule].filter(Boolean).join(" ");
  const nobody = `Goes to nobody: ${shorten(unroutedBecause ?? "", TEXT_WIDTH)}`;
  return {
    title: "Decision",
    isFolded: false,
    texts: [agent === undefined ? nobody : `Goes to ${agent}, ${by}.`, shorten(explanation, TEXT_WIDTH)],
    blocks: [
      ...matchedBlock(matched),
      {
        title: candidates.length === 0 ? "Candidates: nobody came into question" : "Candidates",
        table: candidates.map(({ agent: name, score, rejectedBecause }) => {
          const isChosen = name === agent;
          return [
            isChosen ? "✔" : "",
            name,
            score.toFixed(2),
            isChosen ? "chosen" : shorten(rejectedBecause ?? "", TEXT_WIDTH),
          ];
        }),
      },
      ...othersBlock(others),
      { title: "Rules", texts: [`version ${oneLine(rules.version)}, hash ${shorten(rules.hash, 12)}`] },
    ],
  };
}

function matchedBlock(matched: Decision["matched"]): Block[] {
  const facts = Object.entries(matched).map(
    ([path, value]) => [oneLine(path), shortValue(value, VALUE_WIDTH)] as const,
  );
  return facts.length === 0 ? [] : [{ title: "What matched", facts }];
}

function othersBlock(others: Decision["others"]): Block[] {
  const groups = Object.entries(others).filter(([, agents]) => agents.length > 0);
  if (groups.length === 0) return [];
  const texts = groups.map(
    ([reason, agents]) => `${shorten(reason, TEXT_WIDTH)} (${agents.length}): ${agents.join(", ")}`,
  );
  return [{ title: "Everyone else", texts }];
}
