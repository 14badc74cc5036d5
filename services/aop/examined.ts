import type { ErrorCode } from "../../shared/contract/errors.ts";
import type { EventData } from "../../shared/contract/events.ts";
import type { Assignment, Step } from "../../shared/contract/plan.ts";
import type { AgentCard } from "../../shared/domain/agents.ts";
import { dagOf, type Dag } from "../../shared/domain/dag.ts";

export type Policy = EventData<"task.submitted">["policy"];

/** What the log says about the revisions before this one. */
export type Earlier = {
  /** Every earlier revision of the run, the oldest first. */
  revisions: readonly { rev: number; steps: readonly Step[] }[];
  /** The steps that were dispatched, as they stood when they were. */
  dispatched: readonly Step[];
};

/** A routed plan, and all that it is judged by. */
export type RoutedPlan = {
  policy: Policy;
  steps: readonly Step[];
  routed: Pick<EventData<"plan.routed">, "assignments" | "unrouted">;
  agents: readonly AgentCard[];
  /** Why the planner made this plan, or none. */
  because?: string | undefined;
  earlier?: Earlier;
};

/** A plan with what every check asks of it worked out once. Of two steps or agents with one name the first counts. */
export type Examined = RoutedPlan & {
  dag: Dag;
  stepOf: ReadonlyMap<string, Step>;
  primitives: readonly Step[];
  agentOf: ReadonlyMap<string, AgentCard>;
  assignmentsOf: ReadonlyMap<string, readonly Assignment[]>;
};

/**
 * Something wrong with a plan. Its text is only made when it is shown: finding what a name was meant to be takes time, and
 * a bad plan may have thousands of problems.
 */
export type Problem = {
  code: ErrorCode;
  step?: string;
  explain: () => { message: string; suggestion: string };
};

/** A check looks at a plan and says what is wrong with it; it never throws. */
export type CheckFunction = (plan: Examined) => Problem[];

/** Works out what the checks share. */
export function examine(plan: RoutedPlan): Examined {
  const stepOf = firstBy(plan.steps, (step) => step.id);
  return {
    ...plan,
    dag: dagOf(plan.steps),
    stepOf,
    primitives: [...stepOf.values()].filter((step) => step.kind === "primitive"),
    agentOf: firstBy(plan.agents, (agent) => agent.name),
    assignmentsOf: Map.groupBy(plan.routed.assignments, ({ step }) => step),
  };
}

function firstBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T> {
  const map = new Map<string, T>();
  for (const item of items) if (!map.has(keyOf(item))) map.set(keyOf(item), item);
  return map;
}
