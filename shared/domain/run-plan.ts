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
  const neededBySome = new Set([...waitsFor.values()].flat());
  return {
    rev: validated.rev ?? 0,
    hash: validated.data.planHash,
    validated,
    steps: byId,
    primitives,
    agentOf: new Map(routed.data.assignments.map(({ step, agent }) => [step, agent])),
    waitsFor: (step) => waitsFor.get(step) ?? [],
    policyOf: (step) => nearestPolicy(byId, step),
    sinks: primitives.filter((step) => !neededBySome.has(step.id)),
  };
}

function nearestPolicy(steps: ReadonlyMap<string, Step>, id: string): OnFailure {
  const seen = new Set<string>();
  for (
    let at = steps.get(id);
    at && !seen.has(at.id);
    at = at.parent === undefined ? undefined : steps.get(at.parent)
  ) {
    if (at.onFailure !== "fail") return at.onFailure;
    seen.add(at.id);
  }
  return "fail";
}
