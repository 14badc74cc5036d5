import type { Unreadable } from "../contract/decider.ts";
import type { ErrorShape } from "../contract/errors.ts";
import type { StoredEvent } from "../contract/events.ts";
import { callOff, expiry, forgery, overspending, rejection, type Ending } from "./endings.ts";
import { readinessOf, settle } from "./readiness.ts";
import { planInForce } from "./run-plan.ts";
import type { Run } from "./run.ts";
import { isTerminal, type Cause, type TerminalState } from "./step-state.ts";

/** Takes a fact into account: the next one of the run, in stream order. */
export function evolve(run: Run, event: StoredEvent): void {
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
      if (event.data.final) end(run, rejection(event));
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
      run.isOver = true;
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
  if (plan === undefined) return end(run, forgery(event));
  run.plan = plan;
  run.readiness = readinessOf(plan, run.steps);
  // What was said of a step before there was a plan for it ends the run now, if it does.
  for (const [step, state] of run.steps)
    if (state.is === "failed") endByFailure(run, step, { cause: event, error: state.error });
  endWhenAllAreDone(run, event);
}

function evolveDispatched(run: Run, event: StoredEvent<"step.dispatched">): void {
  const step = event.step ?? "";
  run.causes.set(event.id, event.causationId);
  push(run.dispatches, step, event);
  if (!isSettled(run, step)) run.steps.set(step, { is: "running", dispatched: event });
}

function evolveResult(run: Run, event: StoredEvent<"step.completed" | "step.failed" | "step.skipped">): void {
  const step = event.step ?? "";
  if (event.type === "step.failed") push(run.failures, step, event);
  if (event.type !== "step.skipped") spend(run, event);
  if (isSettled(run, step)) return;
  if (event.type === "step.completed") conclude(run, step, { is: "completed", event });
  else if (event.type === "step.skipped") evolveSkipped(run, step, event);
  else if (isLastAttempt(run, event)) failStep(run, step, { cause: event, error: event.data.error });
  else run.steps.set(step, { is: "retrying", failed: event });
  endWhenAllAreDone(run, event);
}

function evolveSkipped(run: Run, step: string, event: StoredEvent<"step.skipped">): void {
  run.causes.set(event.id, event.causationId);
  conclude(run, step, { is: "skipped", event });
  // Only the deadline skips steps because of the task itself: the wake-up is no fact, this is its first trace.
  if (event.causationId === run.task?.id) end(run, expiry(run.task));
}

function evolveSignal(run: Run, event: StoredEvent<"run.signal">): void {
  const { kind, step } = event.data;
  if (kind === "approve" && step !== undefined && !run.approvals.has(step)) run.approvals.set(step, event);
  const ending = callOff(event);
  if (ending === undefined) return;
  run.calledOffBy.add(event.id);
  end(run, ending);
}

/** Takes a fact into account that stands in the log and cannot be read. */
export function evolveUnreadable(run: Run, fact: Unreadable): void {
  const step = fact.rest[0] ?? "";
  switch (fact.type) {
    case "run.finished":
      run.isOver = true;
      return;
    case "step.completed":
      run.unreadableResults.set(step, fact);
      return;
    // Their subject is taken, so nothing readable can ever stand there: no other failure, no skip, no such attempt.
    case "step.dispatched":
    case "step.failed":
    case "step.skipped":
      if (!isSettled(run, step)) failStep(run, step, { cause: fact, error: fact.error });
      return endWhenAllAreDone(run, fact);
    case "plan.decomposed":
    case "plan.routed":
    case "plan.validated":
    case "plan.rejected":
      return end(run, { outcome: "failed", cause: fact, error: fact.error });
    case "task.submitted":
    case "plan.update":
    case "plan.refused":
    case "run.signal":
      return;
  }
}

/** Whether a step had its first terminal fact: those after it are late. */
function isSettled(run: Run, step: string): boolean {
  const state = run.steps.get(step);
  return state !== undefined && isTerminal(state);
}

function isLastAttempt(run: Run, event: StoredEvent<"step.failed">): boolean {
  const allowed = run.plan?.steps.get(event.step ?? "")?.maxAttempts ?? 1;
  return !event.data.error.retryable || (event.attempt ?? 1) >= allowed;
}

type Failure = { cause: Cause; error: ErrorShape };

function failStep(run: Run, step: string, { cause, error }: Failure): void {
  conclude(run, step, { is: "failed", cause, error });
  endByFailure(run, step, { cause, error });
}

function endByFailure(run: Run, step: string, failure: Failure): void {
  // A step that nobody was asked for ends nothing, whatever is said of it.
  if (run.plan?.steps.get(step)?.kind === "primitive" && run.plan.policyOf(step) === "fail")
    end(run, { outcome: "failed", ...failure });
}

function conclude(run: Run, step: string, state: TerminalState): void {
  run.steps.set(step, state);
  if (run.plan && run.readiness) settle(run.readiness, run.plan, { step, state });
}

function endWhenAllAreDone(run: Run, cause: Cause): void {
  if (run.readiness?.open === 0) end(run, { outcome: "completed", cause });
}

function end(run: Run, { cause, ...ending }: Ending): void {
  run.ending ??= { ...ending, cause: { id: cause.id, seq: cause.seq } };
}

function spend(run: Run, event: StoredEvent<"step.completed" | "step.failed">): void {
  const { inputTokens = 0, outputTokens = 0, costMicroUsd = 0 } = event.data.usage ?? {};
  run.usage.inputTokens = sumOf(run.usage.inputTokens, inputTokens);
  run.usage.outputTokens = sumOf(run.usage.outputTokens, outputTokens);
  run.usage.costMicroUsd = sumOf(run.usage.costMicroUsd, costMicroUsd);
  const ending = overspending(run.usage, run.task?.data.budget, event);
  if (ending) end(run, ending);
}

/** Agents say what they used: the sum of what two of them say may be a number that cannot be read back. */
function sumOf(a: number, b: number): number {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER);
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
