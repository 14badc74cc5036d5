import type { StoredEvent } from "../contract/events.ts";
import { planHash } from "../contract/plan-hash.ts";
import type { OnFailure, Step } from "../contract/plan.ts";
import { dagOf } from "./dag.ts";

/** A validated revision of a plan, arranged for execution. */
export type Plan = {
  rev: number;
  hash: string;
  validated: StoredEvent<"plan.validated">;
  steps: ReadonlyMap<string, Step>;
  /** Each after what it waits for. */
  primitives: readonly Step[];
  agentOf: ReadonlyMap<string, string>;
  /** The primitive steps that a primitive step waits for, through compound steps and parents. */
  waitsFor: (step: string) => readonly string[];
  /** The primitive steps that wait for a primitive step. */
  neededBy: (step: string) => readonly string[];
  /** Who must be approved before a step may start: itself and its parents, as far as they ask for it. */
  approvalsFor: (step: string) => readonly string[];
  /** What a step's final failure does: the nearest `onFailure` other than `fail` on the way up its parents. */
  policyOf: (step: string) => OnFailure;
  /** The primitive steps that nothing waits for: their outputs are the run's result. */
  sinks: readonly Step[];
};

type Judged = [
  validated: StoredEvent<"plan.validated">,
  decomposed: StoredEvent<"plan.decomposed"> | undefined,
  routed: StoredEvent<"plan.routed"> | undefined,
];

/** A run is folded at each of its facts, its plan is arranged once: hashing it costs more than the rest of a fold. */
const arranged = new WeakMap<Judged[0], { of: Judged; plan: Plan | undefined }>();

/** The plan that a verdict put in force, or undefined when the verdict's hash is not the hash of what stands in the log. */
export function planInForce(...judged: Judged): Plan | undefined {
  const known = arranged.get(judged[0]);
  if (known?.of.every((event, i) => event === judged[i])) return known.plan;
  const plan = arrange(...judged);
  arranged.set(judged[0], { of: judged, plan });
  return plan;
}

function arrange(...[validated, decomposed, routed]: Judged): Plan | undefined {
  if (!decomposed || !routed) return undefined;
  const { steps } = decomposed.data;
  if (planHash(steps, routed.data.assignments) !== validated.data.planHash) return undefined;
  const byId = new Map(steps.map((step) => [step.id, step]));
  const dag = dagOf(steps);
  const primitives = dag.order.map((id) => byId.get(id)!).filter((step) => step.kind === "primitive");
  const waitsFor = new Map(primitives.map((step) => [step.id, dag.waitsFor(step.id)]));
  const neededBy = new Map<string, string[]>(primitives.map((step) => [step.id, []]));
  for (const [id, others] of waitsFor) for (const other of others) neededBy.get(other)?.push(id);
  const lines = new Map(primitives.map((step) => [step.id, lineOf(byId, step)]));
  const lineUpFrom = (step: string): readonly Step[] => lines.get(step) ?? [];
  return {
    rev: validated.rev ?? 0,
    hash: validated.data.planHash,
    validated,
    steps: byId,
    primitives,
    agentOf: new Map(routed.data.assignments.map(({ step, agent }) => [step, agent])),
    waitsFor: (step) => waitsFor.get(step) ?? [],
    neededBy: (step) => neededBy.get(step) ?? [],
    approvalsFor: (step) => lineUpFrom(step).flatMap(({ id, approval }) => (approval ? [id] : [])),
    policyOf: (step) => lineUpFrom(step).find(({ onFailure }) => onFailure !== "fail")?.onFailure ?? "fail",
    sinks: primitives.filter(({ id }) => neededBy.get(id)?.length === 0),
  };
}

/** A step and its parents, the nearest first. */
function lineOf(steps: ReadonlyMap<string, Step>, step: Step): Step[] {
  const line = new Set<Step>();
  for (
    let at: Step | undefined = step;
    at && !line.has(at);
    at = at.parent === undefined ? undefined : steps.get(at.parent)
  )
    line.add(at);
  return [...line];
}
