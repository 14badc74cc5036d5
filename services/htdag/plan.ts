import type { Part } from "../../shared/contract/decider.ts";
import type { EventData } from "../../shared/contract/events.ts";
import type { Step } from "../../shared/contract/plan.ts";
import { isKey } from "../../shared/contract/token.ts";
import type { Catalog } from "../../shared/domain/catalog.ts";
import { GENERIC, STEP_DEFAULTS } from "../../shared/domain/methods.ts";
import { isDecomposable, waysToDo, type Branch, type Task, type Way } from "./expand.ts";
import { stepsOf, type Meanings } from "./steps.ts";

export type PlanData = EventData<"plan.decomposed">;

/**
 * Revision `rev` of the plan for a task: the plan that the methods give in that place, or the last one when there are
 * fewer. Without any, a task type that an agent takes is one step of that type, and everything else is one step for
 * whoever takes generic work. The same task, revision and catalogue give the same bytes.
 */
export function plan(
  task: Task,
  rev: number,
  catalog: Pick<Catalog, "methods" | "agents">,
  part: Part,
): PlanData {
  return part("htdag.decompose", () => {
    const ways = part("htdag.generate_top_level_tasks", () => [...waysToDo(task, catalog).take(rev + 1)]);
    const way = ways.at(-1);
    if (way === undefined) return singleStep(task, catalog);
    const meanings: Meanings = new Map();
    const plans = ways.map(({ branches }) => stepsOf(branches, meanings));
    return { planner: { kind: "methods", methods: methodsOf(way) }, steps: plans.at(-1)! };
  });
}

/** The methods that made a plan, each once, in the order in which they were chosen. */
function methodsOf({ method, branches }: Way): string[] {
  const names = new Set([`${method.id}@${method.version}`]);
  const collect = ({ method: chosen, children }: Branch): void => {
    if (chosen) names.add(`${chosen.id}@${chosen.version}`);
    children.forEach(collect);
  };
  branches.forEach(collect);
  return [...names];
}

function singleStep(task: Task, { agents, methods }: Pick<Catalog, "methods" | "agents">): PlanData {
  const { taskType, input } = task;
  if (taskType !== undefined && agents.some((agent) => agent.taskTypes.includes(taskType))) {
    return { planner: { kind: "methods", methods: [] }, steps: [stepFor(taskType, input)] };
  }
  return {
    planner: { kind: "fallback" },
    steps: [stepFor(GENERIC, input)],
    because: isDecomposable(task, methods)
      ? `no plan for it has at most ${task.policy.maxSteps} steps, nested at most ${task.policy.maxDepth} deep`
      : "no method or agent fits this goal",
  };
}

function stepFor(taskType: string, input: Task["input"]): Step {
  return {
    id: isKey(taskType) ? taskType : "task",
    kind: "primitive",
    level: 0,
    taskType,
    title: "Carry out the whole task",
    dependsOn: [],
    ...(input && { input }),
    ...STEP_DEFAULTS,
  };
}
