import type { Step } from "../../shared/contract/plan.ts";
import { match } from "../../shared/domain/condition.ts";
import type { Rule } from "../../shared/domain/rules.ts";

/** A rule that is true of a step, with what its condition found there. */
export type RuleMatch = { rule: Rule; matched: Record<string, unknown> };

/** The rules that are true of a step, in the order of the rules: by priority. */
export function matchingRules(rules: readonly Rule[], step: Step): RuleMatch[] {
  const { taskType, title, input = {} } = step;
  return rules.flatMap((rule) => {
    const matched = match(rule.when, { taskType, title, input });
    return matched === undefined ? [] : [{ rule, matched }];
  });
}
