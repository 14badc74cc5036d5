import fc from "fast-check";
import type { Step } from "../../shared/contract/plan.ts";
import { dagOf } from "../../shared/domain/dag.ts";
import { step } from "./model-log.ts";

const shape = fc.record({
  isCompound: fc.nat(3).map((n) => n === 0),
  /** Numbers of earlier steps, as far as those can be a parent, or waited for. */
  parent: fc.option(fc.nat(7)),
  dependsOn: fc.uniqueArray(fc.nat(7), { maxLength: 3 }),
  onFailure: fc.constantFrom("fail" as const, "fail" as const, "skip" as const, "continue" as const),
  maxAttempts: fc.integer({ min: 1, max: 3 }),
  approval: fc.nat(7).map((n) => n === 0),
});

/** Plans of one to nine steps that can be carried out: with compound steps in each other, joins, approvals and every policy. */
export const randomPlan: fc.Arbitrary<Step[]> = fc
  .array(shape, { minLength: 1, maxLength: 8 })
  .map((shapes) => {
    const steps: Step[] = [];
    for (const [i, { isCompound, parent, dependsOn, approval, ...more }] of shapes.entries()) {
      const above = parent === null ? undefined : steps[parent];
      const own = step(`s${i}`, {
        ...more,
        kind: isCompound ? "compound" : "primitive",
        ...(above?.kind === "compound" && { parent: above.id }),
        ...(approval && { approval }),
      });
      steps.push(own);
      for (const other of dependsOn.flatMap((n) => steps[n]?.id ?? [])) {
        own.dependsOn.push(other);
        // Whatever would close a circle is left out, so that every plan can be carried out.
        if (dagOf(steps).findings.length > 0) own.dependsOn.pop();
      }
    }
    const isEmpty = steps.every(({ kind }) => kind === "compound");
    return isEmpty ? [...steps, step("only")] : steps;
  });
