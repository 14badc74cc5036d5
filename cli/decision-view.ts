import type { Decision } from "../shared/contract/plan.ts";
import { stateOf, type Run } from "../shared/domain/run.ts";
import { madeOf, type Made } from "./made.ts";

/** Why a step went where it went, as the router wrote it down. */
export type DecisionView = {
  run: string;
  rev: number;
  step: string;
  title: string;
  taskType: string;
  rules: { version: string; hash: string };
  /** The agent that was chosen. */
  agent?: string;
  /** What that agent said of its result, where it has one. */
  made?: Made;
  /** Why nobody was. */
  unroutedBecause?: string;
  decision: Decision;
};

/** What can be said about the routing of a step. */
export type Explained =
  | { is: "routed"; view: DecisionView }
  | { is: "compound"; children: readonly string[] }
  | { is: "not routed yet" }
  | { is: "unknown"; steps: readonly string[] };

/** The decision record of a step in the plan in force, or before there is one, or where that lacks the step, in the newest that has it. */
export function explain(run: Run, step: string): Explained {
  const inForce = run.plan?.rev;
  const revisions = [...run.decomposed.keys()].toSorted((a, b) => b - a);
  const order = inForce === undefined ? revisions : [inForce, ...revisions.filter((rev) => rev !== inForce)];
  const rev = order.find((r) => stepOf(run, r, step));
  if (rev === undefined) return { is: "unknown", steps: stepIds(run, order[0]) };
  const { kind, title, taskType } = stepOf(run, rev, step)!;
  if (kind === "compound") return { is: "compound", children: childrenOf(run, rev, step) };
  const routed = run.routed.get(rev);
  const assignment = routed?.data.assignments.find((a) => a.step === step);
  const unrouted = routed?.data.unrouted.find((u) => u.step === step);
  const decision = assignment?.decision ?? unrouted?.decision;
  const state = stateOf(run, step);
  const made = state.is === "completed" ? madeOf(state.event.data.output) : undefined;
  if (routed === undefined || decision === undefined) return { is: "not routed yet" };
  return {
    is: "routed",
    view: {
      run: run.id,
      rev,
      step,
      title,
      taskType,
      rules: routed.data.rules,
      ...(assignment && { agent: assignment.agent }),
      ...(made && { made }),
      ...(unrouted && { unroutedBecause: unrouted.reason }),
      decision,
    },
  };
}

function stepOf(run: Run, rev: number, id: string) {
  return run.decomposed.get(rev)?.data.steps.find((step) => step.id === id);
}

function childrenOf(run: Run, rev: number, id: string): string[] {
  const steps = run.decomposed.get(rev)?.data.steps ?? [];
  return steps.filter((step) => step.parent === id).map((step) => step.id);
}

function stepIds(run: Run, rev: number | undefined): string[] {
  const steps = rev === undefined ? [] : (run.decomposed.get(rev)?.data.steps ?? []);
  return steps.filter((step) => step.kind === "primitive").map((step) => step.id);
}
