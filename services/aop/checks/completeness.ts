import type { Step } from "../../../shared/contract/plan.ts";
import type { Examined, Problem } from "../examined.ts";
import { codeOf, listed, quoted, reasonOf } from "../words.ts";

/** Whether there is work in the plan, and exactly one agent for every piece of it. */
export function completeness(plan: Examined): Problem[] {
  const unrouted = new Set(plan.routed.unrouted.map(({ step }) => step));
  const steps = [...plan.stepOf.values()];
  return [
    ...(plan.primitives.length === 0 ? [withoutWork(plan)] : []),
    ...steps.flatMap((step) =>
      step.kind === "compound" ? inCompound(plan, step) : inPrimitive(plan, step, unrouted),
    ),
  ];
}

function withoutWork({ because = "" }: Examined): Problem {
  const explain = () => ({
    message: `The plan has no step that an agent could do.${because && ` The planner says: ${reasonOf(because)}`}`,
    suggestion: "Add a method for this goal, or submit it with a task type that an agent takes.",
  });
  return { code: codeOf(because, "E_VALIDATION"), explain };
}

function inCompound({ dag, assignmentsOf }: Examined, { id }: Step): Problem[] {
  const problems: Problem[] = [];
  if (dag.childrenOf(id).length === 0)
    problems.push(
      problem(
        id,
        () => `The compound step ${quoted(id)} has no children, so nobody does it.`,
        "Give it children, or make it primitive.",
      ),
    );
  if (assignmentsOf.has(id))
    problems.push(
      problem(
        id,
        () => `The compound step ${quoted(id)} is assigned to an agent; only its children are work.`,
        "Remove the assignment.",
      ),
    );
  return problems;
}

function inPrimitive({ assignmentsOf }: Examined, { id }: Step, unrouted: ReadonlySet<string>): Problem[] {
  const assign = "Assign it to one agent.";
  const agents = assignmentsOf.get(id)?.map(({ agent }) => agent) ?? [];
  if (agents.length === 0) return [problem(id, () => `Nobody is assigned to step ${quoted(id)}.`, assign)];
  if (agents.length > 1)
    return [
      problem(id, () => `Step ${quoted(id)} is assigned ${agents.length} times: ${listed(agents)}.`, assign),
    ];
  if (unrouted.has(id))
    return [problem(id, () => `Step ${quoted(id)} is both assigned and said to have no agent.`, assign)];
  return [];
}

function problem(step: string, message: () => string, suggestion: string): Problem {
  return { code: "E_VALIDATION", step, explain: () => ({ message: message(), suggestion }) };
}
