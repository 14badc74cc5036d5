import { canonicalJson } from "../../../shared/contract/plan-hash.ts";
import type { Step } from "../../../shared/contract/plan.ts";
import type { Examined, Problem } from "../examined.ts";
import { quoted } from "../words.ts";

/** Whether a revision leaves alone what has already begun: dispatched steps stay as they are, and no id gets another meaning. */
export function containment(plan: Examined): Problem[] {
  const { revisions = [], dispatched = [] } = plan.earlier ?? {};
  return [
    ...dispatched.flatMap((before) => changeOf(before, plan.stepOf.get(before.id)) ?? []),
    ...revisions.flatMap(({ rev, steps }) =>
      steps.flatMap((before) => reuseOf(before, plan.stepOf.get(before.id), rev) ?? []),
    ),
  ];
}

function changeOf(before: Step, now: Step | undefined): Problem | undefined {
  if (now !== undefined && canonicalJson(now) === canonicalJson(before)) return undefined;
  const explain = () => ({
    message: `Step ${quoted(before.id)} was already dispatched, and this revision ${now === undefined ? "leaves it out" : "changes it"}.`,
    suggestion: "Keep it as it was, and add what is new as other steps.",
  });
  return { code: "E_VALIDATION", step: before.id, explain };
}

function reuseOf(before: Step, now: Step | undefined, rev: number): Problem | undefined {
  if (now === undefined || meaningOf(now) === meaningOf(before)) return undefined;
  const explain = () => ({
    message: `The id ${quoted(now.id)} stood for ${named(before)} in revision ${rev} and stands for ${named(now)} now.`,
    suggestion: "Give the new step an id of its own.",
  });
  return { code: "E_VALIDATION", step: now.id, explain };
}

function meaningOf({ kind, taskType, title }: Step): string {
  return JSON.stringify([kind, taskType, title]);
}

function named({ kind, taskType, title }: Step): string {
  return `${quoted(title)} (${kind}, ${taskType})`;
}
