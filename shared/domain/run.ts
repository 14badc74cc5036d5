import type { History, Unreadable } from "../contract/decider.ts";
import { GenesisError, type ErrorShape } from "../contract/errors.ts";
import type { EventData, StoredEvent } from "../contract/events.ts";
import type { Usage } from "../contract/plan.ts";
import { planInForce, type Plan } from "./run-plan.ts";

/** The event that brought something about: what a fact that follows from it names as its cause. */
export type Cause = { id: string; seq: number };

export type StepState =
  | { is: "waiting" }
  | { is: "running"; dispatched: StoredEvent<"step.dispatched"> }
  /** An attempt failed and another one is allowed. */
  | { is: "retrying"; failed: StoredEvent<"step.failed"> }
  | { is: "completed"; event: StoredEvent<"step.completed"> }
  | { is: "failed"; cause: Cause; error: ErrorShape }
  | { is: "skipped"; event: StoredEvent<"step.skipped"> };

/** Why and how a run ends: decided by the first fact, in stream order, that leaves nothing else to do. */
export type Ending = { outcome: EventData<"run.finished">["outcome"]; cause: Cause; error?: ErrorShape };

/** A run as its log tells it. Made by `foldRun`, read by everyone else. */
export type Run = {
  id: string;
  task?: StoredEvent<"task.submitted">;
  decomposed: Map<number, StoredEvent<"plan.decomposed">>;
  routed: Map<number, StoredEvent<"plan.routed">>;
  verdicts: Map<number, StoredEvent<"plan.validated"> | StoredEvent<"plan.rejected">>;
  /** The newest validated revision. */
  plan?: Plan;
  /** States of the steps that something happened to; see `stateOf`. */
  steps: Map<string, StepState>;
  dispatches: Map<string, StoredEvent<"step.dispatched">[]>;
  failures: Map<string, StoredEvent<"step.failed">[]>;
  /** Steps whose result stands in the log and cannot be read. */
  unreadableResults: Map<string, Unreadable>;
  approvals: Map<string, StoredEvent<"run.signal">>;
  usage: Required<{ [K in keyof Usage]: number }>;
  ending?: Ending;
  finished?: StoredEvent<"run.finished">;
  /** The sequence up to which the log was folded. */
  lastSeq: number;
};

const WAITING: StepState = { is: "waiting" };

/** The state of a step. A step that nothing happened to waits. */
export function stateOf(run: Run, step: string): StepState {
  return run.steps.get(step) ?? WAITING;
}

/** Whether nothing can change the state any more. */
export function isTerminal(
  state: StepState,
): state is Extract<StepState, { is: "completed" | "failed" | "skipped" }> {
  return state.is === "completed" || state.is === "failed" || state.is === "skipped";
}

/**
 * Folds a run's history. A step's state is decided by the first of its terminal facts in stream order, the run's end by
 * the first fact that decides it; whatever comes later, or before the task itself, changes nothing. The same facts give
 * the same run, and facts that are seen twice count once.
 */
export function foldRun(history: History): Run {
  const run: Run = {
    id: history.run,
    decomposed: new Map(),
    routed: new Map(),
    verdicts: new Map(),
    steps: new Map(),
    dispatches: new Map(),
    failures: new Map(),
    unreadableResults: new Map(),
    approvals: new Map(),
    usage: { inputTokens: 0, outputTokens: 0, costMicroUsd: 0 },
    lastSeq: history.lastSeq,
  };
  const facts: (StoredEvent | Unreadable)[] = [...history.events, ...history.unreadable].toSorted(
    (a, b) => a.seq - b.seq,
  );
  let seq = 0;
  for (const fact of facts) {
    if (fact.seq === seq) continue;
    seq = fact.seq;
    if (run.finished) break;
    if (run.task === undefined && fact.type !== "task.submitted") continue;
    if ("error" in fact) evolveUnreadable(run, fact);
    else evolve(run, fact);
  }
  return run;
}

function evolve(run: Run, event: StoredEvent): void {
  switch (event.type) {
    case "task.submitted":
      run.task ??= event;
      return;
    case "plan.decomposed":
      run.decomposed.set(event.rev ?? 0, event);
      return;
    case "plan.routed":
      run.routed.set(event.rev ?? 0, event);
      return;
    case "plan.validated":
      return evolveValidated(run, event);
    case "plan.rejected":
      run.verdicts.set(event.rev ?? 0, event);
      if (event.data.final) end(run, { outcome: "rejected", cause: event, error: rejection(event.data) });
      return;
    case "step.dispatched":
      return evolveDispatched(run, event);
    case "step.completed":
    case "step.failed":
    case "step.skipped":
      return evolveResult(run, event);
    case "run.signal":
      return evolveSignal(run, event);
    case "run.finished":
      run.finished = event;
      return;
    case "plan.update":
    case "plan.refused":
      return;
  }
}

function evolveValidated(run: Run, event: StoredEvent<"plan.validated">): void {
  const rev = event.rev ?? 0;
  run.verdicts.set(rev, event);
  if (run.plan && run.plan.rev > rev) return;
  const plan = planInForce(event, run.decomposed.get(rev), run.routed.get(rev));
  // A hash that is not the plan's own means that somebody else than AOP judged, or something else was judged.
  if (plan) run.plan = plan;
  else
    end(run, {
      outcome: "failed",
      cause: event,
      error: errorOf("E_VALIDATION", "planHash", "the hash of the plan"),
    });
  endWhenAllAreDone(run, event);
}

function evolveDispatched(run: Run, event: StoredEvent<"step.dispatched">): void {
  const step = event.step ?? "";
  push(run.dispatches, step, event);
  if (!isTerminal(stateOf(run, step))) run.steps.set(step, { is: "running", dispatched: event });
}

function evolveResult(run: Run, event: StoredEvent<"step.completed" | "step.failed" | "step.skipped">): void {
  const step = event.step ?? "";
  if (event.type === "step.failed") push(run.failures, step, event);
  if (event.type !== "step.skipped") spend(run, event);
  if (isTerminal(stateOf(run, step))) return;
  if (event.type === "step.completed") run.steps.set(step, { is: "completed", event });
  else if (event.type === "step.skipped") evolveSkipped(run, step, event);
  else if (isLastAttempt(run, event)) failStep(run, step, event, event.data.error);
  else run.steps.set(step, { is: "retrying", failed: event });
  endWhenAllAreDone(run, event);
}

function evolveSkipped(run: Run, step: string, event: StoredEvent<"step.skipped">): void {
  run.steps.set(step, { is: "skipped", event });
  // Only the deadline skips steps because of the task itself: the wake-up is no fact, this is its first trace.
  if (event.causationId === run.task?.id) end(run, expiry(run.task));
}

function evolveSignal(run: Run, event: StoredEvent<"run.signal">): void {
  const { kind, step } = event.data;
  if (kind === "cancel") end(run, { outcome: "cancelled", cause: event });
  if (kind === "reject" && step === undefined)
    end(run, {
      outcome: "rejected",
      cause: event,
      error: errorOf("E_VALIDATION", "signal", "rejected by a person"),
    });
  if (kind === "approve" && step !== undefined && !run.approvals.has(step)) run.approvals.set(step, event);
}

function evolveUnreadable(run: Run, fact: Unreadable): void {
  const step = fact.rest[0] ?? "";
  if (fact.type === "step.completed") run.unreadableResults.set(step, fact);
  // Its subject is taken, so nothing readable can ever stand there: no other failure, no skip, no such attempt.
  if (UNREADABLE_FAILS.has(fact.type) && !isTerminal(stateOf(run, step)))
    failStep(run, step, fact, fact.error);
  if (UNREADABLE_ENDS.has(fact.type)) end(run, { outcome: "failed", cause: fact, error: fact.error });
  endWhenAllAreDone(run, fact);
}

const UNREADABLE_FAILS = new Set<string>(["step.dispatched", "step.failed", "step.skipped"]);
const UNREADABLE_ENDS = new Set<string>([
  "plan.decomposed",
  "plan.routed",
  "plan.validated",
  "plan.rejected",
]);

function isLastAttempt(run: Run, event: StoredEvent<"step.failed">): boolean {
  const allowed = run.plan?.steps.get(event.step ?? "")?.maxAttempts ?? 1;
  return !event.data.error.retryable || (event.attempt ?? 1) >= allowed;
}

function failStep(run: Run, step: string, cause: Cause, error: ErrorShape): void {
  run.steps.set(step, { is: "failed", cause, error });
  // A step of no plan was never asked for: what is said of it ends nothing.
  if (run.plan?.steps.has(step) && run.plan.policyOf(step) === "fail")
    end(run, { outcome: "failed", cause, error });
}

/** How a run ends whose deadline has passed: caused by the task, which set the timer. */
export function expiry(task: StoredEvent<"task.submitted">): Ending {
  return {
    outcome: "expired",
    cause: task,
    error: errorOf("E_TIMEOUT", "deadline", "the run's deadline has passed"),
  };
}

function endWhenAllAreDone(run: Run, cause: Cause): void {
  if (run.ending || !run.plan) return;
  if (run.plan.primitives.every((step) => isTerminal(stateOf(run, step.id))))
    end(run, { outcome: "completed", cause });
}

function end(run: Run, { outcome, cause, error }: Ending): void {
  run.ending ??= { outcome, cause: { id: cause.id, seq: cause.seq }, ...(error && { error }) };
}

function spend(run: Run, event: StoredEvent<"step.completed" | "step.failed">): void {
  const { inputTokens = 0, outputTokens = 0, costMicroUsd = 0 } = event.data.usage ?? {};
  run.usage.inputTokens = sumOf(run.usage.inputTokens, inputTokens);
  run.usage.outputTokens = sumOf(run.usage.outputTokens, outputTokens);
  run.usage.costMicroUsd = sumOf(run.usage.costMicroUsd, costMicroUsd);
  const budget = run.task?.data.budget;
  const tokens = run.usage.inputTokens + run.usage.outputTokens;
  const isOver =
    tokens > (budget?.tokens ?? Infinity) || run.usage.costMicroUsd > (budget?.costMicroUsd ?? Infinity);
  if (isOver)
    end(run, {
      outcome: "failed",
      cause: event,
      error: errorOf("E_BUDGET", "budget", "not more than was allowed"),
    });
}

/** Agents say what they used: the sum of what two of them say may be a number that cannot be read back. */
function sumOf(a: number, b: number): number {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER);
}

function rejection(verdict: EventData<"plan.rejected">): ErrorShape {
  const findings = verdict.checks.flatMap((check) => check.findings);
  return new GenesisError(
    "E_VALIDATION",
    findings.map((f) => ({ path: f.step ?? "plan", rule: f.code })),
  ).toJSON();
}

function errorOf(code: "E_VALIDATION" | "E_BUDGET" | "E_TIMEOUT", path: string, rule: string): ErrorShape {
  return new GenesisError(code, [{ path, rule }], { retryable: false }).toJSON();
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
