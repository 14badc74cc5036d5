import { createHash } from "node:crypto";

/** A plan as the contract describes it, for the auditor: who waits for whom, and the hash that names it. */

type Step = {
  id: string;
  kind: "primitive" | "compound";
  parent?: string;
  taskType: string;
  title: string;
  dependsOn: string[];
  input?: Record<string, unknown>;
  timeoutMs: number;
  maxAttempts: number;
  onFailure: "fail" | "skip" | "continue";
};

export type AuditedPlan = {
  hash: string;
  steps: ReadonlyMap<string, Step>;
  /** Only these are dispatched. */
  primitives: readonly string[];
  /** The primitive steps that nothing depends on. */
  sinks: readonly string[];
  agentOf: ReadonlyMap<string, string>;
  /** The primitive steps that must be over before this one may start. */
  waitsFor: (step: string) => readonly string[];
  /** What its final failure does: the nearest `onFailure` other than `fail` on the way up its parents. */
  policyOf: (step: string) => Step["onFailure"];
};

/** The plan that a `plan.decomposed` and its `plan.routed` make together. */
export function planOf(
  { steps: all }: { steps: Step[] },
  { assignments }: { assignments: { agent: string; step: string }[] },
): AuditedPlan {
  const steps = new Map(all.map((step) => [step.id, step]));
  const pathUp = (id: string): Step[] => {
    const step = steps.get(id);
    return step === undefined ? [] : [step, ...(step.parent === undefined ? [] : pathUp(step.parent))];
  };
  /** A primitive step, or, of a compound one, all that its children come to. */
  const below = (id: string): string[] =>
    steps.get(id)?.kind === "primitive"
      ? [id]
      : all.filter(({ parent }) => parent === id).flatMap((child) => below(child.id));
  // Children also wait for what their parents depend on.
  const waitsFor = (id: string): string[] => [
    ...new Set(pathUp(id).flatMap(({ dependsOn }) => dependsOn.flatMap(below))),
  ];
  const primitives = all.filter(({ kind }) => kind === "primitive").map(({ id }) => id);
  const awaited = new Set(primitives.flatMap(waitsFor));
  const pairs = assignments
    .map(({ agent, step }) => ({ agent, step }))
    .toSorted((a, b) => (a.step < b.step ? -1 : 1));
  return {
    hash: createHash("sha256")
      .update(canonical({ assignments: pairs, steps: all }))
      .digest("hex"),
    steps,
    primitives,
    sinks: primitives.filter((id) => !awaited.has(id)),
    agentOf: new Map(pairs.map(({ agent, step }) => [step, agent])),
    waitsFor,
    policyOf: (id) => pathUp(id).find(({ onFailure }) => onFailure !== "fail")?.onFailure ?? "fail",
  };
}

/** The RFC 8785 canonical JSON of a value: keys sorted by their UTF-16 code units, no blanks. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, held]) => `${JSON.stringify(key)}:${canonical(held)}`).join()}}`;
}
