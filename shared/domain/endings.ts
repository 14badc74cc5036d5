import { GenesisError, type ErrorShape } from "../contract/errors.ts";
import type { EventData, StoredEvent } from "../contract/events.ts";
import type { Usage } from "../contract/plan.ts";
import type { Cause } from "./step-state.ts";

/** Why and how a run ends: decided by the first fact, in stream order, that leaves nothing else to do. */
export type Ending = {
  outcome: EventData<"run.finished">["outcome"];
  cause: Cause;
  error?: ErrorShape;
  /** What a person said who ended it. */
  signal?: EventData<"run.signal">;
};

/** What a run's steps used so far. */
export type Spent = Required<{ [K in keyof Usage]: number }>;

/** How a run ends whose deadline has passed: caused by the task, which set the timer. */
export function expiry(task: StoredEvent<"task.submitted">): Ending {
  return {
    outcome: "expired",
    cause: task,
    error: errorOf("E_TIMEOUT", "deadline", "the run's deadline has passed"),
  };
}

/** How a run ends whose last plan was rejected. */
export function rejection(verdict: StoredEvent<"plan.rejected">): Ending {
  const findings = verdict.data.checks.flatMap((check) => check.findings);
  const details = findings.map(({ step = "plan", code }) => ({ path: step, rule: code }));
  return { outcome: "rejected", cause: verdict, error: new GenesisError("E_VALIDATION", details).toJSON() };
}

/** How a person ends a run: by `cancel`, or by `reject` without a step. Undefined for every other signal. */
export function callOff(signal: StoredEvent<"run.signal">): Ending | undefined {
  const { kind, step } = signal.data;
  if (kind === "cancel") return { outcome: "cancelled", cause: signal, signal: signal.data };
  if (kind !== "reject" || step !== undefined) return undefined;
  const error = errorOf("E_VALIDATION", "signal", "rejected by a person");
  return { outcome: "rejected", cause: signal, error, signal: signal.data };
}

/** How a run ends whose plan in force is not the one that was judged: somebody else than AOP wrote the verdict. */
export function forgery(verdict: StoredEvent<"plan.validated">): Ending {
  const error = errorOf("E_VALIDATION", "planHash", "the hash of the plan");
  return { outcome: "failed", cause: verdict, error };
}

/** How a run ends that has used more than its task allows; undefined while it has not. */
export function overspending(
  { inputTokens, outputTokens, costMicroUsd }: Spent,
  budget: EventData<"task.submitted">["budget"],
  cause: Cause,
): Ending | undefined {
  const isOver =
    inputTokens + outputTokens > (budget?.tokens ?? Infinity) ||
    costMicroUsd > (budget?.costMicroUsd ?? Infinity);
  if (!isOver) return undefined;
  return { outcome: "failed", cause, error: errorOf("E_BUDGET", "budget", "not more than was allowed") };
}

function errorOf(code: "E_VALIDATION" | "E_BUDGET" | "E_TIMEOUT", path: string, rule: string): ErrorShape {
  return new GenesisError(code, [{ path, rule }], { retryable: false }).toJSON();
}
