import type { Plan } from "./run-plan.ts";
import { isTerminal, type StepState, type TerminalState } from "./step-state.ts";

/**
 * How far the primitive steps of a plan are. Kept up with each fact, so that a fact costs as much as there are steps
 * that wait for its own, however many the plan has.
 */
export type Readiness = {
  /** How many steps are not over. */
  open: number;
  /** Of how many others a step waits for the end. */
  waits: Map<string, number>;
  /** Steps that wait for one that failed or was skipped; whether they can go on without it, its policy says. */
  hindered: Set<string>;
};

/** How far a plan is when it takes effect; of a later revision some steps are over already. */
export function readinessOf(plan: Plan, states: ReadonlyMap<string, StepState>): Readiness {
  const readiness: Readiness = {
    open: plan.primitives.length,
    waits: new Map(plan.primitives.map(({ id }) => [id, plan.waitsFor(id).length])),
    hindered: new Set(),
  };
  for (const { id } of plan.primitives) {
    const state = states.get(id);
    if (state && isTerminal(state)) settle(readiness, plan, { step: id, state });
  }
  return readiness;
}

/** Takes the end of a step into account, which it has once: what comes after its first terminal fact is late. */
export function settle(
  readiness: Readiness,
  plan: Plan,
  { step, state }: { step: string; state: TerminalState },
): void {
  if (plan.steps.get(step)?.kind !== "primitive") return;
  readiness.open--;
  for (const id of plan.neededBy(step)) {
    readiness.waits.set(id, readiness.waits.get(id)! - 1);
    if (state.is !== "completed") readiness.hindered.add(id);
  }
}
