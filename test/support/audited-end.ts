import { createHash } from "node:crypto";
import { canonical, planOf, type AuditedPlan } from "./audited-plan.ts";
import type { Fact } from "./fact-shape.ts";

/** The contract's fold, for the auditor: what the facts of a run come to. `facts` are those of one run, in stream order. */

export type Outcome = "completed" | "failed" | "rejected" | "cancelled" | "expired";

/** The plan of the revision that a fact is about. */
export function planFor(facts: readonly Fact[], { body: { rev } }: Fact): AuditedPlan | undefined {
  const find = (type: string) => facts.find((fact) => fact.type === type && fact.body.rev === rev);
  const [decomposed, routed] = [find("plan.decomposed"), find("plan.routed")];
  return decomposed && routed && planOf(decomposed.data, routed.data);
}

/** The plan in force: that of the newest validated revision. */
export function planInForce(facts: readonly Fact[]): AuditedPlan | undefined {
  const validated = facts.findLast(({ type }) => type === "plan.validated");
  return validated && planFor(facts, validated);
}

/** The first fact that ends a step for good: completed, skipped, or a failure that is not retryable or its last attempt. */
export function endOfStep(facts: readonly Fact[], plan: AuditedPlan, step: string): Fact | undefined {
  const attempts = plan.steps.get(step)?.maxAttempts ?? 1;
  return facts.find(({ type, rest, data }) => {
    if (rest[0] !== step) return false;
    if (type === "step.failed") return !data.error.retryable || Number(rest[1]) >= attempts;
    return type === "step.completed" || type === "step.skipped";
  });
}

/** How many primitive steps of the plan in force ended how. */
export function countsOf(facts: readonly Fact[]): Record<"completed" | "failed" | "skipped", number> {
  const plan = planInForce(facts);
  const types = (plan?.primitives ?? []).map((step) => endOfStep(facts, plan!, step)?.type);
  const count = (type: string): number => types.filter((ended) => ended === type).length;
  return {
    completed: count("step.completed"),
    failed: count("step.failed"),
    skipped: count("step.skipped"),
  };
}

/** The results of a run: the facts that completed the steps which nothing depends on, by step. */
export function resultsOf(facts: readonly Fact[]): Record<string, Fact> {
  const plan = planInForce(facts);
  const ends = (plan?.sinks ?? []).flatMap((step) => endOfStep(facts, plan!, step) ?? []);
  return byStep(ends.filter(({ type }) => type === "step.completed"));
}

/** Facts by the step that they are about. */
export function byStep(facts: readonly Fact[]): Record<string, Fact> {
  return Object.fromEntries(facts.map((fact) => [fact.rest[0]!, fact]));
}

/** What all attempts together cost. */
export function usageOf(facts: readonly Fact[]): Record<string, number> {
  const sum = { inputTokens: 0, outputTokens: 0, costMicroUsd: 0 };
  for (const { type, data } of facts)
    if (type === "step.completed" || type === "step.failed")
      for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += data.usage?.[key] ?? 0;
  return sum;
}

/** The outcome that the first fact decides after which nothing is left to do. @param endedAtNs when the run's end was stored */
export function decidedOutcome(facts: readonly Fact[], endedAtNs: bigint): Outcome | undefined {
  const plan = planInForce(facts);
  for (const [i, fact] of facts.entries()) {
    const outcome = outcomeBy(fact, facts.slice(0, i + 1), plan);
    if (outcome !== undefined) return outcome;
  }
  const deadlineMs = Date.parse(facts[0]!.data.deadline);
  return endedAtNs >= BigInt(deadlineMs) * 1_000_000n ? "expired" : undefined;
}

/** What a fact decides. @param known the facts up to it */
function outcomeBy(fact: Fact, known: readonly Fact[], plan: AuditedPlan | undefined): Outcome | undefined {
  const { type, rest, data, body } = fact;
  if (type === "plan.rejected" && data.final) return "rejected";
  if (type === "run.signal" && data.kind === "cancel") return "cancelled";
  if (type === "run.signal" && data.kind === "reject" && data.step === undefined) return "rejected";
  // Only the deadline, which the task sets, skips steps because of the task itself.
  if (type === "step.skipped" && body.causationId === known[0]!.body.id) return "expired";
  if (plan === undefined || !known.some((earlier) => earlier.type === "plan.validated")) return undefined;
  const step = rest[0]!;
  const isFinal = type === "step.failed" && endOfStep(known, plan, step) === fact;
  if (isFinal && plan.policyOf(step) === "fail") return "failed";
  return plan.primitives.every((one) => endOfStep(known, plan, one)) ? "completed" : undefined;
}

/** Whether each output stands under its step: inline, or by size and hash of the whole stored message that holds it. */
export function areOutputs(given: Record<string, unknown>, facts: Record<string, Fact>): boolean {
  const steps = Object.keys(facts);
  return (
    steps.length === Object.keys(given).length &&
    steps.every((step) => {
      const { subject, bytes, data } = facts[step]!;
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const reference = { $ref: subject, bytes: bytes.length, sha256 };
      return [data.output, reference].some((output) => canonical(output) === canonical(given[step]));
    })
  );
}
