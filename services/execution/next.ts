import type { Append, Decision, SetTimer } from "../../shared/contract/decider.ts";
import { GenesisError } from "../../shared/contract/errors.ts";
import type { StoredEvent } from "../../shared/contract/events.ts";
import type { Step } from "../../shared/contract/plan.ts";
import type { FiredTimer, TimerKind } from "../../shared/contract/subjects.ts";
import { expiry, type Ending } from "../../shared/domain/endings.ts";
import type { Plan } from "../../shared/domain/run-plan.ts";
import { stateOf, type Run } from "../../shared/domain/run.ts";
import { causeOf, isTerminal, type Cause } from "../../shared/domain/step-state.ts";
import { dispatch } from "./dispatch.ts";
import { finish } from "./finish.ts";
import { fail, skip } from "./conclude.ts";
import { deadlineOf, retryOf, setterOf, timeoutOf } from "./timers.ts";

/** What execution is handling: a fact it consumed, by its id, or a timer that fired. */
export type Trigger = { fact: string } | FiredTimer;

/**
 * What is to be done about a run, seen from one trigger: which steps to dispatch, which attempts to give up, which
 * timers to set, whether it is over. An intent belongs to the trigger that its cause leads back to, so every intent
 * has exactly one handler, whichever instance that is, and the trace of a run is the tree of its causes. Called again
 * after its facts were appended, it goes on from there until nothing is left to append.
 */
export function next(run: Run, trigger: Trigger): Decision {
  const from = "fact" in trigger ? trigger.fact : setterOf(run, trigger)?.id;
  if (run.task === undefined || run.isOver || from === undefined) return [];
  const isDeadline = isTimer(trigger, "deadline");
  const ending = run.ending ?? (isDeadline ? expiry(run.task) : undefined);
  if (ending) {
    // The deadline, and whoever calls the run off, end what another one was to end: its message may be among the dead letters.
    const isOurs = isDeadline || run.calledOffBy.has(from) || follows(run, ending.cause.id, from);
    return isOurs ? endRun(run, run.task, ending) : [];
  }
  const intents = run.plan ? goOn(run, run.plan, trigger) : [];
  const ours = intents.filter(({ cause }) => follows(run, cause.id, from));
  return [...ours.map(({ append }) => append()), ...timersFor(run, run.task, from)];
}

/** A fact to append, made only for whom it belongs to, and what it follows from. */
type Intent = { cause: Cause; append: () => Append };

/** Whether an event leads back to another one, through facts that execution wrote and that nobody hands back to it. */
function follows(run: Run, id: string, from: string): boolean {
  let at: string | undefined = id;
  // Causes are earlier in the log, so the way back ends; the count only guards against forged ids.
  for (let hops = 0; at !== undefined && hops <= run.causes.size; hops++) {
    if (at === from) return true;
    at = run.causes.get(at);
  }
  return false;
}

/** Something that a step waits for and that never will be done. */
type Hindrance = { step: string; is: string; cause: Cause };

/** All that there is to do while the run goes on. Whose it is, is for the caller to tell. */
function goOn(run: Run, plan: Plan, trigger: Trigger): Intent[] {
  /** Steps that are skipped by this very decision: what waits for them is skipped with them. */
  const doomed = new Map<string, Hindrance>();
  const hindered = new Set(run.readiness?.hindered);
  return plan.primitives.flatMap((step) => {
    const state = stateOf(run, step.id);
    switch (state.is) {
      case "waiting": {
        const hindrance = hindered.has(step.id) ? hindranceOf(run, plan, step, doomed) : undefined;
        if (hindrance === undefined) return start(run, plan, step);
        doomed.set(step.id, hindrance);
        plan.neededBy(step.id).forEach((id) => hindered.add(id));
        const { step: because, is, cause } = hindrance;
        return [{ cause, append: () => skip(run, step.id, { cause, reason: `${because} ${is}`, because }) }];
      }
      case "running":
        return giveUp(run, state.dispatched, trigger);
      case "retrying":
        return isTimer(trigger, "retry") ? [dispatching(run, plan, step, state.failed)] : [];
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

/** A step starts when everything it waits for is over and approved; its cause is the last of that. */
function start(run: Run, plan: Plan, step: Step): Intent[] {
  if (run.readiness?.waits.get(step.id) !== 0) return [];
  const causes: Cause[] = [plan.validated];
  for (const id of plan.waitsFor(step.id)) {
    const state = stateOf(run, id);
    if (isTerminal(state)) causes.push(causeOf(state));
  }
  for (const id of plan.approvalsFor(step.id)) {
    const approval = run.approvals.get(id);
    if (approval === undefined) return [];
    causes.push(approval);
  }
  return [
    dispatching(
      run,
      plan,
      step,
      causes.reduce((last, cause) => (cause.seq > last.seq ? cause : last)),
    ),
  ];
}

function dispatching(run: Run, plan: Plan, step: Step, cause: Cause): Intent {
  return { cause, append: () => dispatch({ run, plan, step, cause }) };
}

/** An attempt is given up when its time is over, or when what stands where its result belongs cannot be read. */
function giveUp(run: Run, dispatched: StoredEvent<"step.dispatched">, trigger: Trigger): Intent[] {
  const unreadable = run.unreadableResults.get(dispatched.step ?? "");
  if (unreadable) {
    const cause = unreadable.seq > dispatched.seq ? unreadable : dispatched;
    const error = new GenesisError("E_SCHEMA", [{ path: "step.completed", rule: "readable" }]);
    return [{ cause, append: () => fail(run, dispatched, { cause, error }) }];
  }
  if (!isTimer(trigger, "timeout")) return [];
  const error = new GenesisError("E_TIMEOUT");
  return [{ cause: dispatched, append: () => fail(run, dispatched, { cause: dispatched, error }) }];
}

/**
 * First every step that will not run any more is skipped, so that each has its end in the log; then the run is
 * finished.
 */
function endRun(run: Run, task: StoredEvent<"task.submitted">, ending: Ending): Append[] {
  const left =
    run.plan?.primitives.filter(({ id }) => ["waiting", "retrying"].includes(stateOf(run, id).is)) ?? [];
  if (left.length === 0) return [finish(run, task, ending)];
  const reason = `the run ${PAST[ending.outcome]}`;
  return left.map(({ id }) => skip(run, id, { cause: ending.cause, reason }));
}

const PAST = {
  completed: "completed",
  failed: "failed",
  rejected: "was rejected",
  cancelled: "was cancelled",
  expired: "passed its deadline",
} as const satisfies Record<Ending["outcome"], string>;

/** A timer belongs to whoever handles the fact that it starts from, or what that follows from. */
function timersFor(run: Run, task: StoredEvent<"task.submitted">, from: string): SetTimer[] {
  const timers = task.id === from ? [deadlineOf(task)] : [];
  for (const state of run.steps.values()) {
    if (state.is === "running" && follows(run, state.dispatched.causationId, from))
      timers.push(timeoutOf(state.dispatched));
    if (state.is === "retrying" && state.failed.id === from) timers.push(retryOf(state.failed));
  }
  return timers;
}

function isTimer(trigger: Trigger, kind: TimerKind): boolean {
  return "timer" in trigger && trigger.timer.kind === kind;
}
