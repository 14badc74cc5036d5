import { MAX_STEPS } from "../../../shared/contract/events.ts";
import type { DagFinding } from "../../../shared/domain/dag.ts";
import type { Examined, Problem } from "../examined.ts";
import { listed, nearest, quoted } from "../words.ts";

/** Whether the steps form a graph that can be carried out: ids that come once, references that lead somewhere, no cycle, and within the limits. */
export function structure(plan: Examined): Problem[] {
  return [...tooLarge(plan), ...tooDeep(plan), ...plan.dag.findings.map((finding) => inGraph(plan, finding))];
}

function tooLarge({ steps, policy }: Examined): Problem[] {
  if (steps.length <= policy.maxSteps) return [];
  const explain = () => ({
    message: `The plan has ${steps.length} steps; the task's policy allows ${policy.maxSteps}.`,
    suggestion: `Plan fewer steps, or raise policy.maxSteps (at most ${MAX_STEPS}).`,
  });
  return [{ code: "E_DAG_LIMIT", explain }];
}

function tooDeep({ dag, policy }: Examined): Problem[] {
  if (dag.depth <= policy.maxDepth) return [];
  const step = dag.order.find((id) => dag.levelOf(id) === dag.depth)!;
  const explain = () => ({
    message: `Step ${quoted(step)} has ${dag.depth} parents above it; the task's policy allows ${policy.maxDepth}.`,
    suggestion: "Plan with fewer levels, or raise policy.maxDepth.",
  });
  return [{ code: "E_DAG_LIMIT", step, explain }];
}

function inGraph(plan: Examined, finding: DagFinding): Problem {
  const { code, step } = finding;
  return { code, step, explain: () => explainGraph(plan, finding) };
}

function explainGraph(plan: Examined, finding: DagFinding) {
  switch (finding.code) {
    case "E_DAG_DUP":
      return {
        message: `More than one step has the id ${quoted(finding.step)}.`,
        suggestion: "Give every step an id of its own.",
      };
    case "E_DAG_CYCLE":
      return explainCycle(finding.cycle);
    case "E_DAG_REF":
      return explainReference(plan, finding);
  }
}

function explainCycle(cycle: readonly string[]) {
  if (cycle.length === 1)
    return {
      message: `Step ${quoted(cycle[0]!)} waits for itself.`,
      suggestion: "Remove it from its own dependsOn.",
    };
  return {
    message: `Steps wait for each other in a circle: ${listed(cycle, " → ")} → ${cycle[0]}.`,
    suggestion: "Remove one of these dependencies, so that one of the steps can begin.",
  };
}

function explainReference(plan: Examined, finding: DagFinding & { code: "E_DAG_REF" }) {
  const { step, field, refersTo, why } = finding;
  const refers = field === "parent" ? "has the parent" : "depends on";
  if (why === "notCompound")
    return {
      message: `Step ${quoted(step)} ${refers} ${quoted(refersTo)}, which is not a compound step.`,
      suggestion: `Make ${quoted(refersTo)} compound, or depend on it instead.`,
    };
  const meant = nearest(refersTo, plan.stepOf.keys());
  return {
    message: `Step ${quoted(step)} ${refers} ${quoted(refersTo)}, which is not in the plan.`,
    suggestion:
      meant === undefined ? "Add that step, or remove the reference." : `Did you mean ${quoted(meant)}?`,
  };
}
