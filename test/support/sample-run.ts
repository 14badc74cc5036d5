import type { EventData, NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import { planHash } from "../../shared/contract/plan-hash.ts";
import { dispatched } from "./facts.ts";
import { RUN, step as stepOf, type ModelLog } from "./model-log.ts";

/** Facts of a run as the services would write them, for tests of what shows a run. */

/** Writes into a model log that an attempt of a step was given to the agent `worker`. */
export function dispatch(log: ModelLog, step: string, attempt = 1): StoredEvent<"step.dispatched"> {
  return log.write(dispatched(RUN, step, { attempt })) as StoredEvent<"step.dispatched">;
}

/** A validated plan: step `a`, which rule `first` gave to `worker`, and the compound step `b` without children. */
export function plannedByRule(run: string): NewEvent[] {
  const steps = [stepOf("a", { title: "Do it" }), stepOf("b", { kind: "compound" })];
  const about = { run, rev: 0, tokens: [0], causationId: "c" };
  const decision = {
    method: "rule" as const,
    rule: "first",
    matched: { taskType: "noop" },
    candidates: [{ agent: "worker", score: 0.9 }],
    others: {},
    explanation: "Rule first matches.",
  };
  const assignments = [{ step: "a", agent: "worker", decision }];
  const rules = { version: "1", hash: "h" };
  const verdict = {
    planHash: planHash(steps, assignments),
    profile: "aop-v1",
    score: 1,
    parts: {},
    checks: [],
  };
  return [
    { type: "plan.decomposed", ...about, data: { planner: { kind: "methods" }, steps } },
    { type: "plan.routed", ...about, data: { rules, registryHash: "", assignments, unrouted: [] } },
    { type: "plan.validated", ...about, data: verdict },
  ];
}

/** A step that will not run, because of `reason`. */
export function skipped(run: string, step: string, reason: string): NewEvent<"step.skipped"> {
  return { type: "step.skipped", run, step, tokens: [step], causationId: "c", data: { reason } };
}

/** The end of a run, as it is told in `data`. */
export function ended(
  run: string,
  outcome: EventData<"run.finished">["outcome"],
  data: Partial<EventData<"run.finished">> = {},
): NewEvent<"run.finished"> {
  const counts = { completed: 0, failed: 0, skipped: 0 };
  return {
    type: "run.finished",
    run,
    tokens: ["once"],
    causationId: "c",
    data: { outcome, through: 1, counts, usage: {}, ...data },
  };
}
