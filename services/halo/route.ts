import type { Part } from "../../shared/contract/decider.ts";
import type { EventData } from "../../shared/contract/events.ts";
import type { Assignment, Step, UnroutedStep } from "../../shared/contract/plan.ts";
import type { Catalog } from "../../shared/domain/catalog.ts";
import { dagOf } from "../../shared/domain/dag.ts";
import { choose } from "./choose.ts";
import { hindrances } from "./explain.ts";
import { recordOf } from "./record.ts";
import { matchingRules } from "./rules.ts";

/** What routing goes by. */
export type Registry = Omit<Catalog, "methods">;

export type RoutedData = EventData<"plan.routed">;

/** Decisions beyond this many are no parts of their own: a trace has to stay readable. */
const MAX_TOLD = 64;

/**
 * Gives every primitive step of a plan an agent, or the reason why not, each with its decision record. Steps are
 * routed in the order of their dependencies and told in the order of the plan. Never throws: of a plan that is broken
 * it routes what it can, of two steps with one id the first; judging is for AOP.
 */
export function route(steps: readonly Step[], registry: Registry, part: Part): RoutedData {
  return part("halo.route", () => {
    const { agents, rules } = registry;
    const dag = dagOf(steps);
    const stepOf = new Map(steps.toReversed().map((step) => [step.id, step]));
    const inOrder = dag.order.map((id) => stepOf.get(id)!).filter(({ kind }) => kind === "primitive");
    const matches = part("halo.apply_rules", () => inOrder.map((step) => matchingRules(rules, step)));

    const stepsOf = new Map<string, string[]>();
    const assignments = new Map<string, Assignment>();
    const unrouted = new Map<string, UnroutedStep>();
    for (const [i, step] of inOrder.entries()) {
      const loadOf = (agent: string): number =>
        (stepsOf.get(agent) ?? []).filter((other) => dag.areConcurrent(other, step.id)).length;
      const decideStep = () => {
        const made = choose(step, { agents, matches: matches[i]!, loadOf });
        return { choice: made, decision: recordOf(step, made, agents) };
      };
      const { choice, decision } = i < MAX_TOLD ? part(`halo.decide ${step.id}`, decideStep) : decideStep();
      if (choice.chosen === undefined) {
        const reason = hindrances(decision.candidates, step.taskType);
        unrouted.set(step.id, { step: step.id, reason, decision });
        continue;
      }
      const { agent } = choice.chosen;
      stepsOf.set(agent, [...(stepsOf.get(agent) ?? []), step.id]);
      assignments.set(step.id, { step: step.id, agent, decision });
    }
    const inPlanOrder = [...new Set(steps.map(({ id }) => id))];
    return {
      ...rulesUsed(registry),
      assignments: inPlanOrder.flatMap((id) => assignments.get(id) ?? []),
      unrouted: inPlanOrder.flatMap((id) => unrouted.get(id) ?? []),
    };
  });
}

/** Which rules and which agents decisions were made by. */
export function rulesUsed({
  rulesVersion,
  rulesHash,
  registryHash,
}: Registry): Pick<RoutedData, "rules" | "registryHash"> {
  return { rules: { version: rulesVersion, hash: rulesHash }, registryHash };
}
