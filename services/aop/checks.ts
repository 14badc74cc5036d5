import type { Check, Finding } from "../../shared/contract/plan.ts";
import { completeness } from "./checks/completeness.ts";
import { containment } from "./checks/containment.ts";
import { redundancy } from "./checks/redundancy.ts";
import { solvability } from "./checks/solvability.ts";
import { structure } from "./checks/structure.ts";
import type { CheckFunction, Examined, Problem } from "./examined.ts";

export type CheckRow = { name: string; run: CheckFunction };

/** The checks that a plan must pass, in the order in which a verdict lists them. To add one, add its file and its row. */
export const CHECKS: readonly CheckRow[] = [
  { name: "structure", run: structure },
  { name: "solvability", run: solvability },
  { name: "completeness", run: completeness },
  { name: "redundancy", run: redundancy },
  { name: "containment", run: containment },
];

/** A verdict lists this many findings of a check, so that it can be stored whatever the plan is like. */
const MAX_FINDINGS = 20;

/** Runs one check. Its score is the share of the plan's steps that it has nothing against, and 0 when it is against the plan as a whole. */
export function runCheck({ name, run }: CheckRow, plan: Examined): Check {
  const problems = run(plan);
  return {
    check: name,
    passed: problems.length === 0,
    score: shareOf(plan, problems),
    findings: shown(problems),
  };
}

function shareOf({ steps }: Examined, problems: readonly Problem[]): number {
  const named = new Set(problems.map((problem) => problem.step));
  if (named.has(undefined)) return 0;
  return Math.max(0, 1 - named.size / Math.max(1, steps.length));
}

function shown(problems: readonly Problem[]): Finding[] {
  const findings: Finding[] = problems.slice(0, MAX_FINDINGS).map(({ code, step, explain }) => ({
    code,
    ...(step !== undefined && { step }),
    ...explain(),
  }));
  const next = problems[MAX_FINDINGS];
  if (next === undefined) return findings;
  const more = problems.length - MAX_FINDINGS;
  return [...findings, { code: next.code, message: `… and ${more} more like these.` }];
}
