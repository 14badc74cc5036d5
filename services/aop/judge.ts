import type { Check, Finding } from "../../shared/contract/plan.ts";
import type { Policy } from "./examined.ts";
import { lossesOf, PROFILES, type Parts, type Term } from "./score.ts";

/** What to do about the term that costs a plan most. */
const ADVICE = {
  success: "Use agents that succeed more often, or fewer steps.",
  quality: "Use agents whose task types and skills fit the steps.",
  cost: "Use agents of a cheaper tier.",
  time: "Let more steps run side by side.",
} as const satisfies Record<Term, string>;

/** The last check: whether the score by the task's own profile reaches what its policy asks for. */
export function judge(parts: Parts, { profile, minScore }: Policy): Check {
  const score = parts[profile];
  const passed = score >= minScore;
  return { check: "quality", passed, score, findings: passed ? [] : [tooLow(parts, { profile, minScore })] };
}

function tooLow(parts: Parts, { profile, minScore }: Pick<Policy, "profile" | "minScore">): Finding {
  const [worst] = lossesOf(profile, parts);
  const { term, loss } = worst!;
  const weight = PROFILES[profile].weights[term];
  return {
    code: "E_VALIDATION",
    message: `The plan scores ${parts[profile]} by the profile ${profile}; the task's policy asks for ${minScore}.`,
    suggestion: `Most is lost on ${term} (${loss.toFixed(3)} of ${weight}). ${ADVICE[term]} Or lower policy.minScore.`,
  };
}
