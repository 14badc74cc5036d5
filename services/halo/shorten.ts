import type { Decision } from "../../shared/contract/plan.ts";
import type { RoutedData } from "./route.ts";

/** Of those who were out of the question, a shortened record names this many for each reason. */
const MAX_OTHERS = 3;

/**
 * A routed plan in ever fewer words, for when the records of all choices do not fit into one message: as it is; with
 * only the first of the agents that were out of the question; and with only the one that was chosen, or was first. Who got which step,
 * by what rule and what matched, is in all of them.
 */
export const FORMS: readonly ((full: RoutedData) => RoutedData)[] = [
  (full) => full,
  (full) => withRecords(full, withFewOthers),
  (full) => withRecords(full, withTheFirstOnly),
];

function withRecords(
  { assignments, unrouted, ...rest }: RoutedData,
  shorten: (decision: Decision) => Decision,
): RoutedData {
  return {
    ...rest,
    assignments: assignments.map((one) => ({ ...one, decision: shorten(one.decision) })),
    unrouted: unrouted.map((one) => ({ ...one, decision: shorten(one.decision) })),
  };
}

function withFewOthers(decision: Decision): Decision {
  const others = Object.entries(decision.others).map(([reason, agents]) => {
    const more = agents.length - MAX_OTHERS;
    return more > 0
      ? [`${reason}; ${more} more are not named`, agents.slice(0, MAX_OTHERS)]
      : [reason, agents];
  });
  return { ...decision, others: Object.fromEntries(others) as Decision["others"] };
}

function withTheFirstOnly({ candidates, others, ...decision }: Decision): Decision {
  const { method, rule } = decision;
  const chosen = candidates.find(({ rejectedBecause }) => rejectedBecause === undefined);
  const kept = chosen ? [chosen] : candidates.slice(0, 1);
  const by = method === "rule" ? `rule ${rule}` : method;
  const choice = chosen ? `by ${by} to ${chosen.agent}` : "to nobody";
  const inQuestion = candidates.length - kept.length;
  const outOfIt = Object.values(others).flat().length;
  const explanation = `In short, as the plan has many steps: ${choice}; ${inQuestion} more were in question, ${outOfIt} were not.`;
  return { ...decision, candidates: kept, others: {}, explanation };
}
