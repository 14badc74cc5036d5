import { validate } from "../services/aop/validate.ts";
import { route, rulesUsed } from "../services/halo/route.ts";
import { plan as decompose } from "../services/htdag/plan.ts";
import { justRun } from "../shared/contract/decider.ts";
import { POLICY_DEFAULTS, type EventData } from "../shared/contract/events.ts";
import type { Assignment, Step } from "../shared/contract/plan.ts";
import type { Catalog } from "../shared/domain/catalog.ts";
import type { PlanFile } from "./plan-file.ts";

export type Profile = EventData<"task.submitted">["policy"]["profile"];

/** A goal, with what conditions may ask of a task. */
export type AskedGoal = Pick<EventData<"task.submitted">, "goal" | "taskType" | "input" | "context">;

/** What is to be planned: a goal, or a plan that is there already. */
export type Asked = AskedGoal | { file: PlanFile };

/** What would stand in the log, each the `data` of its event, and whether the plan would be carried out. */
export type OfflinePlan = {
  decomposed: EventData<"plan.decomposed">;
  routed: EventData<"plan.routed">;
  verdict: EventData<"plan.validated"> | EventData<"plan.rejected">;
  passed: boolean;
};

/** Plans, routes and judges as the services do, with their own functions. Only the first revision: what it is worth decides whether there would be a second. */
export function planOffline(asked: Asked, catalog: Catalog, profile: Profile): OfflinePlan {
  const policy = { ...POLICY_DEFAULTS, profile };
  const usable = "file" in asked ? restricted(catalog, asked.file.agents) : catalog;
  const decomposed = decomposedOf(asked, policy, usable);
  const routed = routedOf(asked, decomposed.steps, usable);
  const { because, steps } = decomposed;
  const { passed, verdict } = validate({ policy, steps, routed, agents: usable.agents, because }, justRun);
  return { decomposed, routed, verdict: passed ? verdict : { ...verdict, final: false }, passed };
}

function decomposedOf(
  asked: Asked,
  policy: EventData<"task.submitted">["policy"],
  catalog: Catalog,
): OfflinePlan["decomposed"] {
  if ("file" in asked) return { planner: { kind: "methods", methods: [] }, steps: asked.file.steps };
  return decompose({ ...asked, policy }, 0, catalog, justRun);
}

function routedOf(asked: Asked, steps: readonly Step[], catalog: Catalog): OfflinePlan["routed"] {
  const given = "file" in asked ? asked.file.assignments : undefined;
  if (given === undefined) return route(steps, catalog, justRun);
  const left = steps.filter(({ id, kind }) => kind === "primitive" && !Object.hasOwn(given, id));
  const reason = "the assignments that were given leave it out";
  return {
    ...rulesUsed(catalog),
    assignments: Object.entries(given).map(([step, agent]) => givenAssignment(step, agent, catalog)),
    unrouted: left.map(({ id }) => ({ step: id, reason, decision: undecided(reason) })),
  };
}

function givenAssignment(step: string, agent: string, { agents }: Catalog): Assignment {
  const score = agents.find(({ name }) => name === agent)?.successRate ?? 0;
  const decision = { ...undecided("It was given, not decided."), candidates: [{ agent, score }] };
  return { step, agent, decision };
}

function undecided(explanation: string): Assignment["decision"] {
  return { method: "fallback", matched: {}, candidates: [], others: {}, explanation };
}

function restricted(catalog: Catalog, names: readonly string[] | undefined): Catalog {
  if (names === undefined) return catalog;
  return { ...catalog, agents: catalog.agents.filter(({ name }) => names.includes(name)) };
}
