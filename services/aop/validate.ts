import type { Part } from "../../shared/contract/decider.ts";
import { planHash } from "../../shared/contract/plan-hash.ts";
import type { Verdict } from "../../shared/contract/plan.ts";
import { CHECKS, runCheck } from "./checks.ts";
import { examine, type RoutedPlan } from "./examined.ts";
import { judge } from "./judge.ts";
import { partsOf } from "./score.ts";

/**
 * Judges a routed plan: every check, then the score against the task's policy. All checks run whatever the ones before
 * found, so that one verdict names everything there is to mend. Never throws, and its verdict always fits into a fact.
 */
export function validate(plan: RoutedPlan, part: Part): { passed: boolean; verdict: Verdict } {
  return part("aop.validate", () => {
    const examined = examine(plan);
    const checks = CHECKS.map((row) => part(`aop.check.${row.name}`, () => runCheck(row, examined)));
    const parts = part("aop.evaluate_quality", () => partsOf(examined));
    checks.push(judge(parts, plan.policy));
    const verdict = {
      planHash: planHash(plan.steps, plan.routed.assignments),
      profile: plan.policy.profile,
      score: parts[plan.policy.profile],
      parts,
      checks,
    };
    return { passed: checks.every((check) => check.passed), verdict };
  });
}
