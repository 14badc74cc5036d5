import type { Step } from "../contract/plan.ts";

/** What the graph of a plan is made of. */
export type DagStep = Pick<Step, "id" | "kind" | "parent" | "dependsOn">;

/** What is wrong with the references of a plan: an id that comes twice, or one that leads nowhere. */
export type ReferenceFinding =
  | { code: "E_DAG_DUP"; step: string }
  | {
      code: "E_DAG_REF";
      step: string;
      field: "dependsOn" | "parent";
      refersTo: string;
      why: "missing" | "notCompound";
    };

/** The references of a plan as numbers of steps; -1 where a step has no parent. */
export type Links = { parent: number[]; children: number[][]; dependsOn: number[][] };

/** What the references of a plan come to, each step by its number in `steps`. */
export type Linked = {
  steps: DagStep[];
  indexOf: ReadonlyMap<string, number>;
  links: Links;
  findings: ReferenceFinding[];
};

/** Follows every reference of a plan. Of two steps with one id the first counts; what leads nowhere is left out. */
export function linksOf(plan: readonly DagStep[]): Linked {
  const findings: ReferenceFinding[] = [];
  const indexOf = new Map<string, number>();
  const steps: DagStep[] = [];
  for (const step of plan) {
    if (indexOf.has(step.id)) findings.push({ code: "E_DAG_DUP", step: step.id });
    else indexOf.set(step.id, steps.push(step) - 1);
  }
  const links: Links = { parent: [], children: steps.map(() => []), dependsOn: [] };
  for (const [i, { id, parent, dependsOn }] of steps.entries()) {
    const missing = (field: "dependsOn" | "parent", refersTo: string): void => {
      findings.push({ code: "E_DAG_REF", step: id, field, refersTo, why: "missing" });
    };
    const found: number[] = [];
    for (const other of dependsOn) {
      const index = indexOf.get(other);
      if (index === undefined) missing("dependsOn", other);
      else found.push(index);
    }
    links.dependsOn.push(found);
    const above = parent === undefined ? undefined : indexOf.get(parent);
    const isUsable = above !== undefined && steps[above]!.kind === "compound";
    links.parent.push(isUsable ? above : -1);
    if (isUsable) links.children[above]!.push(i);
    else if (above !== undefined)
      findings.push({ code: "E_DAG_REF", step: id, field: "parent", refersTo: parent!, why: "notCompound" });
    else if (parent !== undefined) missing("parent", parent);
  }
  return { steps, indexOf, findings, links };
}

/** The levels of the hierarchy; a circle of parents counts from where it is met first. */
export function levelsOf({ parent }: Links): number[] {
  const levels: number[] = [];
  const path: number[] = [];
  for (let i = 0; i < parent.length; i++) {
    for (let step = i; step !== -1 && levels[step] === undefined; step = parent[step]!) {
      levels[step] = 0;
      path.push(step);
    }
    for (let step = path.pop(); step !== undefined; step = path.pop()) {
      const above = parent[step]!;
      levels[step] = above === -1 ? 0 : levels[above]! + 1;
    }
  }
  return levels;
}
