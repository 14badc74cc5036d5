import type { Assignment, Step, UnroutedStep } from "../../../shared/contract/plan.ts";
import type { Examined, Problem } from "../examined.ts";
import { codeOf, listed, nearest, quoted, reasonOf } from "../words.ts";

/** Whether every step went to an agent that exists, takes its type and has the skills it asks for. */
export function solvability(plan: Examined): Problem[] {
  return [
    ...plan.routed.unrouted.map((unrouted) => withoutAgent(plan, unrouted)),
    ...plan.routed.assignments.flatMap((assignment) => hindrance(plan, assignment) ?? []),
  ];
}

function withoutAgent(plan: Examined, { step, reason }: UnroutedStep): Problem {
  const explain = () => ({
    message: `No agent was found for step ${quoted(step)}: ${reasonOf(reason)}`,
    suggestion: whoElse(plan, plan.stepOf.get(step)),
  });
  return { code: codeOf(reason, "E_NO_AGENT"), step, explain };
}

function hindrance(plan: Examined, { step: id, agent: name }: Assignment): Problem | undefined {
  const step = plan.stepOf.get(id);
  const agent = plan.agentOf.get(name);
  if (step === undefined) return unknownStep(plan, id, name);
  if (agent === undefined) return unknownAgent(plan, step, name);
  if (!agent.taskTypes.includes(step.taskType)) {
    const explain = () => ({
      message: `Step ${quoted(id)} is of type ${quoted(step.taskType)}, which ${quoted(name)} does not take.`,
      suggestion: whoElse(plan, step),
    });
    return { code: "E_NO_AGENT", step: id, explain };
  }
  const missing = (step.skills ?? []).filter((skill) => !agent.skills.includes(skill));
  if (missing.length === 0) return undefined;
  const explain = () => ({
    message: `Step ${quoted(id)} asks for skills that ${quoted(name)} does not have: ${listed(missing)}.`,
    suggestion: whoElse(plan, step),
  });
  return { code: "E_NO_AGENT", step: id, explain };
}

function unknownStep(plan: Examined, id: string, agent: string): Problem {
  const explain = () => {
    const meant = nearest(id, plan.stepOf.keys());
    return {
      message: `${quoted(agent)} is assigned to step ${quoted(id)}, which is not in the plan.`,
      suggestion: meant === undefined ? "Remove the assignment." : `Did you mean ${quoted(meant)}?`,
    };
  };
  return { code: "E_DAG_REF", step: id, explain };
}

function unknownAgent(plan: Examined, step: Step, name: string): Problem {
  const explain = () => {
    const meant = nearest(name, plan.agentOf.keys());
    return {
      message: `Step ${quoted(step.id)} is assigned to ${quoted(name)}, and there is no such agent.`,
      suggestion: meant === undefined ? whoElse(plan, step) : `Did you mean ${quoted(meant)}?`,
    };
  };
  return { code: "E_NO_AGENT", step: step.id, explain };
}

/** Who could do the step, or what to add so that somebody can. */
function whoElse(plan: Examined, step: Step | undefined): string {
  if (step === undefined) return "Route only steps of the plan.";
  const takers = plan.agents.filter((agent) => agent.taskTypes.includes(step.taskType));
  const able = takers.filter((agent) => step.skills?.every((skill) => agent.skills.includes(skill)) ?? true);
  if (able.length > 0) return `These agents could do it: ${listed(able.map((agent) => agent.name))}.`;
  if (takers.length > 0) return `Give one of these agents the skills: ${listed(takers.map((a) => a.name))}.`;
  const types = new Set(plan.agents.flatMap((agent) => agent.taskTypes));
  const meant = nearest(step.taskType, types);
  return meant === undefined
    ? `Add an agent that takes ${quoted(step.taskType)}, or change the step's type.`
    : `No agent takes ${quoted(step.taskType)}. Did you mean ${quoted(meant)}?`;
}
