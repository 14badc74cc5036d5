import type { Fact } from "./fact-shape.ts";
import { bodyOf, type Stored } from "./stored-message.ts";

type Body = Omit<Fact["body"], "data"> & Pick<Fact, "data">;

/**
 * A log with something done to it by hand that breaks the contract, by what that is: an auditor that finds nothing in one of
 * them proves nothing. @param run a run of one step that was retried once
 */
export function forgeriesOf(log: readonly Stored[], run: string): Record<string, Stored[]> {
  const at = (type: string): Stored =>
    log.find(({ subject }) => subject.startsWith(`genesis.v1.${type}.${run}.`))!;
  const without = (type: string): Stored[] => log.filter((stored) => stored !== at(type));
  const replaced = (type: string, part: Partial<Stored>): Stored[] =>
    log.with(log.indexOf(at(type)), { ...at(type), ...part });
  const edited = (type: string, change: (body: Body) => void): Stored[] => {
    const body = bodyOf<Body>(at(type));
    change(body);
    return replaced(type, { bytes: Buffer.from(JSON.stringify(body)) });
  };
  const anothersTrace = [`00-${"1".repeat(32)}-${"1".repeat(16)}-01`];
  return {
    "a run without an end": without("run.finished"),
    "a task that was lost": log.filter(({ subject }) => !subject.includes(run)),
    "a subject with two messages": [...log, at("step.completed")],
    "a run that nobody asked for": [
      ...log,
      { ...at("task.submitted"), subject: "genesis.v1.task.submitted.a.once" },
    ],
    "an attempt without the one before": without("step.dispatched"),
    "an attempt without a reason": without("step.failed"),
    "a plan that was not validated": without("plan.validated"),
    "another plan's hash in a verdict": edited(
      "plan.validated",
      ({ data }) => (data.planHash = "0".repeat(64)),
    ),
    "another plan's hash in a dispatch": edited(
      "step.dispatched",
      ({ data }) => (data.planHash = "0".repeat(64)),
    ),
    "another agent than was routed": edited("step.dispatched", ({ data }) => (data.agent = "another")),
    "another input than was planned": edited("step.dispatched", ({ data }) => (data.input.failures = 2)),
    "a result that answers no attempt": edited("step.completed", ({ data }) => (data.attempt = 3)),
    "an id that is not derived": edited("plan.routed", (body) => (body.id = "0".repeat(32))),
    "a cause that is nowhere": edited("plan.routed", (body) => (body.causationId = "0".repeat(32))),
    "another correlation": edited("plan.routed", (body) => (body.correlationId = "another")),
    "a field that is missing": edited("plan.routed", ({ data }) => delete data.registryHash),
    "a field of nobody's": edited("plan.routed", ({ data }) => (data.extra = 1)),
    "another outcome": edited("run.finished", ({ data }) => (data.outcome = "failed")),
    "another count": edited("run.finished", ({ data }) => (data.counts.completed = 2)),
    "another result": edited("run.finished", ({ data }) => (data.result.s1 = "another")),
    "another end of the fold": edited("run.finished", ({ data }) => (data.through -= 1)),
    "another use": edited("run.finished", ({ data }) => (data.usage.inputTokens = 1)),
    "another trace": replaced("plan.routed", {
      headers: { ...at("plan.routed").headers, traceparent: anothersTrace },
    }),
  };
}
