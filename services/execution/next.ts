import type { Append, SetTimer } from "../../shared/contract/decider.ts";
import { GenesisError } from "../../shared/contract/errors.ts";
import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import type { Step } from "../../shared/contract/plan.ts";
import type { Timer } from "../../shared/contract/subjects.ts";
import { backoffMs } from "../../shared/domain/backoff.ts";
import type { Plan } from "../../shared/domain/run-plan.ts";
import { expiry, isTerminal, stateOf, type Cause, type Ending, type Run } from "../../shared/domain/run.ts";
import { dispatch } from "./dispatch.ts";
import { finish } from "./finish.ts";

/** What execution is handling: a fact it consumed, by its id, or a timer that fired, and when by the broker's clock. */
export type Trigger = { fact: string } | { timer: Timer; firedAtMs?: number };

export type Next = { append: Append[]; timers: SetTimer[] };

/** A fact to append, and what it follows from. */
type Intent = { cause: Cause; append: Append };

/**
 * What is to be done about a run, seen from one trigger: which steps to dispatch, which attempts to give up, which
 * timers to set, whether it is over. An intent belongs to the trigger that its cause leads back to, so every intent
 * has exactly one handler, whichever instance that is, and the trace of a run is the tree of its causes. Called again
 * after its facts were appended, it goes on from there until nothing is left to append.
 */
export function next(run: Run, trigger: Trigger): Next {
  const from = triggerId(run, trigger);
  if (run.task === undefined || run.finished || from === undefined) return { append: [], timers: [] };
  const follows = followsFrom(run, from);
  const ending = run.ending ?? (isTimer(trigger, "deadline") ? expiry(run.task) : undefined);
  if (ending) {
    // The deadline ends what is left over, whoever was to end it: that handler's message may be among the dead letters.
    const isOurs = follows(ending.cause.id) || isTimer(trigger, "deadline");
    return { append: isOurs ? endRun(run, run.task, ending) : [], timers: [] };
  }
  const intents = run.plan ? goOn(run, run.plan, trigger) : [];
  return {
    append: intents.filter(({ cause }) => follows(cause.id)).map(({ append }) => append),
    timers: timersOf(run, run.task, follows, trigger),
  };
}

/** Something that a step waits for and that never will be done. */
type Hindrance = { step: string; is: string; cause: Cause };

function goOn(run: Run, plan: Plan, trigger: Trigger): Intent[] {
  /** Steps that are skipped by this very decision: what waits for them is skipped with them. */
  const doomed = new Map<string, Hindrance>();
  return plan.primitives.flatMap((step) => {
    const state = stateOf(run, step.id);
    switch (state.is) {
      case "waiting": {
        const hindrance = hindranceOf(run, plan, step, doomed);
        if (hindrance) doomed.set(step.id, hindrance);
        return hindrance
          ? [skipIntent(run, step.id, `${hindrance.step} ${hindrance.is}`, hindrance)]
          : start(run, plan, step);
      }
      case "running":
        return giveUp(run, state.dispatched, trigger);
      case "retrying": {
        const isDue = isTimer(trigger, "retry") && trigger.timer.step === step.id;
        return isDue ? dispatchIntent(run, plan, step, state.failed) : [];
      }
      default:
        return [];
    }
  });
}

/**
 * The earliest reason why a step can never start: a failed or skipped step before it that it cannot go on without.
 */
function hindranceOf(
  run: Run,
  plan: Plan,
  step: Step,
  doomed: ReadonlyMap<string, Hindrance>,
): Hindrance | undefined {
  let earliest: Hindrance | undefined;
  for (const id of plan.waitsFor(step.id)) {
    if (plan.policyOf(id) === "continue") continue;
    const state = stateOf(run, id);
    const inherited = doomed.get(id);
    let found: Hindrance | undefined;
    if (inherited) found = { step: id, is: "skipped", cause: inherited.cause };
    else if (state.is === "failed") found = { step: id, is: "failed", cause: state.cause };
    else if (state.is === "skipped") found = { step: id, is: "skipped", cause: state.event };
    if (found && found.cause.seq < (earliest?.cause.seq ?? Infinity)) earliest = found;
  }
  return earliest;
}

/** A step starts when everything it waits for is over; its cause is the last of that. */
function start(run: Run, plan: Plan, step: Step): Intent[] {
  let cause: Cause = plan.validated;
  for (const id of plan.waitsFor(step.id)) {
    const state = stateOf(run, id);
    if (!isTerminal(state)) return [];
    const settledBy = state.is === "failed" ? state.cause : state.event;
    if (settledBy.seq > cause.seq) cause = settledBy;
  }
  if (!step.approval) return dispatchIntent(run, plan, step, cause);
  const approval = run.approvals.get(step.id);
  return approval ? dispatchIntent(run, plan, step, approval.seq > cause.seq ? approval : cause) : [];
}

function dispatchIntent(run: Run, plan: Plan, step: Step, cause: Cause): Intent[] {
  return [{ cause, append: dispatch({ run, plan, step, cause }) }];
}

/** An attempt is given up when its time is over, or when what stands where its result belongs cannot be read. */
function giveUp(run: Run, dispatched: StoredEvent<"step.dispatched">, trigger: Trigger): Intent[] {
  const { step = "", attempt = 1 } = dispatched;
  const unreadable = run.unreadableResults.get(step);
  if (unreadable) {
    const cause = unreadable.seq > dispatched.seq ? unreadable : dispatched;
    const error = new GenesisError("E_SCHEMA", [{ path: "step.completed", rule: "readable" }]);
    return [failIntent(run, dispatched, cause, error)];
  }
  const isOver =
    isTimer(trigger, "timeout") && trigger.timer.step === step && trigger.timer.attempt === attempt;
  return isOver ? [failIntent(run, dispatched, dispatched, new GenesisError("E_TIMEOUT"))] : [];
}

function failIntent(
  run: Run,
  dispatched: StoredEvent<"step.dispatched">,
  cause: Cause,
  error: GenesisError,
): Intent {
  const { step = "", attempt = 1 } = dispatched;
  const event: NewEvent<"step.failed"> = {
    type: "step.failed",
    run: run.id,
    step,
    attempt,
    tokens: [step, attempt],
    causationId: cause.id,
    data: { agent: dispatched.data.agent, error: error.toJSON() },
  };
  return { cause, append: { event, expect: { runAt: run.lastSeq } } };
}

function skipIntent(
  run: Run,
  step: string,
  reason: string,
  because: { step?: string; cause: Cause },
): Intent {
  const event: NewEvent<"step.skipped"> = {
    type: "step.skipped",
    run: run.id,
    step,
    tokens: [step],
    causationId: because.cause.id,
    data: { reason, because: because.step ?? because.cause.id },
  };
  return { cause: because.cause, append: { event, expect: { runAt: run.lastSeq } } };
}

/**
 * First every step that will not run any more is skipped, so that each has its end in the log; then the run is
 * finished.
 */
function endRun(run: Run, task: StoredEvent<"task.submitted">, ending: Ending): Append[] {
  const left =
    run.plan?.primitives.filter(({ id }) => ["waiting", "retrying"].includes(stateOf(run, id).is)) ?? [];
  if (left.length > 0)
    return left.map(({ id }) => skipIntent(run, id, `the run ${PAST[ending.outcome]}`, ending).append);
  return [finish(run, task, ending)];
}

const PAST = {
  completed: "completed",
  failed: "failed",
  rejected: "was rejected",
  cancelled: "was cancelled",
  expired: "passed its deadline",
} as const satisfies Record<Ending["outcome"], string>;

function timersOf(
  run: Run,
  task: StoredEvent<"task.submitted">,
  follows: (id: string) => boolean,
  trigger: Trigger,
): SetTimer[] {
  const timers: SetTimer[] = [];
  if ("fact" in trigger && trigger.fact === task.id) {
    timers.push({ timer: { run: run.id, kind: "deadline" }, atMs: Date.parse(task.data.deadline) });
  }
  for (const [step, state] of run.steps) {
    if (state.is === "running" && follows(state.dispatched.causationId)) {
      const { attempt = 1, storedAtMs, data } = state.dispatched;
      timers.push({
        timer: { run: run.id, kind: "timeout", step, attempt },
        atMs: storedAtMs + data.timeoutMs,
      });
    }
    if (state.is === "retrying" && "fact" in trigger && trigger.fact === state.failed.id) {
      const { attempt = 1, storedAtMs } = state.failed;
      const atMs = storedAtMs + backoffMs(attempt, `${run.id}|${step}|${attempt}`);
      timers.push({ timer: { run: run.id, kind: "retry", step, attempt }, atMs });
    }
  }
  return timers;
}

function isTimer(trigger: Trigger, kind: Timer["kind"]): trigger is { timer: Timer } {
  return "timer" in trigger && trigger.timer.kind === kind;
}

/**
 * The event that a trigger stands for: itself, or the one that set the timer. Undefined when that one is not in the
 * log.
 */
function triggerId(run: Run, trigger: Trigger): string | undefined {
  if ("fact" in trigger) return trigger.fact;
  const { kind, step = "", attempt } = trigger.timer;
  if (kind === "deadline") return run.task?.id;
  const setters = kind === "timeout" ? run.dispatches.get(step) : run.failures.get(step);
  return setters?.find((event) => event.attempt === attempt)?.id;
}

/**
 * Whether an event leads back to the trigger, through facts that execution wrote and that nobody hands back to it.
 */
function followsFrom(run: Run, from: string): (id: string) => boolean {
  const causeOf = new Map<string, string>();
  for (const state of run.steps.values())
    if (state.is === "skipped") causeOf.set(state.event.id, state.event.causationId);
  for (const events of run.dispatches.values())
    for (const event of events) causeOf.set(event.id, event.causationId);
  return (id) => {
    // Causes are earlier in the log, so the way back ends; the count only guards against forged ids.
    let at: string | undefined = id;
    for (let hops = 0; at !== undefined && hops <= causeOf.size; hops++) {
      if (at === from) return true;
      at = causeOf.get(at);
    }
    return false;
  };
}
