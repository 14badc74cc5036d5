import type { ErrorShape } from "../shared/contract/errors.ts";
import type { StoredEvent } from "../shared/contract/events.ts";
import type { Step } from "../shared/contract/plan.ts";
import { stateOf, type Run } from "../shared/domain/run.ts";
import type { StepState } from "../shared/domain/step-state.ts";
import { madeOf, type Made } from "./made.ts";
import { instant } from "./render/time.ts";

export type AttemptView = {
  attempt: number;
  agent: string;
  dispatchedAt: string;
  failedAt?: string;
  error?: ErrorShape;
};

/**
 * A step's state, and three more. `abandoned`: it was at work when its run ended, so nobody waits for its result. Never dispatched,
 * and not waiting either: `rejected` with its plan, or `unstarted` when its run ended.
 */
export type StepViewState = StepState["is"] | "abandoned" | "rejected" | "unstarted";

export type StepView = {
  id: string;
  kind: Step["kind"];
  parent?: string;
  title: string;
  taskType: string;
  dependsOn: readonly string[];
  state: StepViewState;
  agent?: string;
  maxAttempts: number;
  attempts: readonly AttemptView[];
  startedAt?: string;
  finishedAt?: string;
  /** From the first dispatch to the end of the step, or until now, by the broker's clock. */
  durationMs?: number;
  /** It was dispatched, and nobody has taken it. Only known where the broker was asked. */
  untaken?: true;
  output?: unknown;
  /** The agent says that it only played the part. */
  simulated?: boolean;
  /** The same, or that only a text was written. */
  made?: Made;
  error?: ErrorShape;
  /** Why it was skipped. */
  reason?: string;
};

/** The steps of a revision, in the order of the plan. @param untilMs for what still goes on */
export function stepsOf(run: Run, rev: number, untilMs: number): StepView[] {
  const steps = run.decomposed.get(rev)?.data.steps ?? [];
  const agents = new Map(run.routed.get(rev)?.data.assignments.map(({ step, agent }) => [step, agent]));
  const childrenOf = Map.groupBy(steps, (step) => step.parent);
  const verdict = run.verdicts.get(rev)?.type;
  const stateIn = (step: Step): StepViewState => {
    const { is } = stateOf(run, step.id);
    if (is === "waiting" && verdict === "plan.rejected") return "rejected";
    if (!run.finished) return is;
    if (is === "waiting") return "unstarted";
    return is === "running" || is === "retrying" ? "abandoned" : is;
  };
  return steps.map((step) => {
    const agent = agents.get(step.id);
    return {
      id: step.id,
      kind: step.kind,
      ...(step.parent !== undefined && { parent: step.parent }),
      title: step.title,
      taskType: step.taskType,
      dependsOn: step.dependsOn,
      maxAttempts: step.maxAttempts,
      ...(agent !== undefined && { agent }),
      ...(step.kind === "primitive"
        ? { state: stateIn(step), ...happened(run, step, untilMs) }
        : { state: compoundState(step, childrenOf, stateIn), attempts: [] }),
    };
  });
}

type Happened = Pick<
  StepView,
  | "attempts"
  | "startedAt"
  | "finishedAt"
  | "durationMs"
  | "output"
  | "simulated"
  | "made"
  | "error"
  | "reason"
>;

function happened(run: Run, { id }: Step, untilMs: number): Happened {
  const state = stateOf(run, id);
  const dispatches = run.dispatches.get(id) ?? [];
  const startedMs = dispatches[0]?.storedAtMs;
  const endedMs = endOf(run, id, state);
  return {
    attempts: dispatches.map((dispatched) => attemptOf(run, id, dispatched)),
    ...(startedMs !== undefined && {
      startedAt: instant(startedMs),
      durationMs: (endedMs ?? untilMs) - startedMs,
    }),
    ...(endedMs !== undefined && { finishedAt: instant(endedMs) }),
    ...(state.is === "completed" && resultOf(state.event.data.output)),
    ...(state.is === "failed" && { error: state.error }),
    ...(state.is === "retrying" && { error: state.failed.data.error }),
    ...(state.is === "skipped" && { reason: state.event.data.reason }),
  };
}

function endOf(run: Run, step: string, state: StepState): number | undefined {
  if (state.is === "completed" || state.is === "skipped") return state.event.storedAtMs;
  if (state.is !== "failed") return undefined;
  return run.failures.get(step)?.find((failure) => failure.id === state.cause.id)?.storedAtMs;
}

function attemptOf(run: Run, step: string, dispatched: StoredEvent<"step.dispatched">): AttemptView {
  const { attempt = 1, data, storedAtMs } = dispatched;
  const failure = run.failures.get(step)?.find((failed) => failed.attempt === attempt);
  return {
    attempt,
    agent: data.agent,
    dispatchedAt: instant(storedAtMs),
    ...(failure && { failedAt: instant(failure.storedAtMs), error: failure.data.error }),
  };
}

/** A compound step is what its children are: done when all are, and before that whatever needs attention first. */
function compoundState(
  step: Step,
  childrenOf: ReadonlyMap<string | undefined, readonly Step[]>,
  stateIn: (step: Step) => StepViewState,
): StepViewState {
  const states = new Set<StepViewState>();
  const seen = new Set([step.id]);
  const open = [step.id];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const child of childrenOf.get(at) ?? []) {
      if (seen.has(child.id)) continue;
      seen.add(child.id);
      if (child.kind === "primitive") states.add(stateIn(child));
      else open.push(child.id);
    }
  }
  const first = FIRST.find((state) => states.has(state));
  // A part of it is done, the rest is not begun.
  if (first === "waiting" && states.size > 1) return "running";
  if (first === "unstarted" && states.size > 1) return "abandoned";
  return first ?? "completed";
}

const FIRST: readonly StepViewState[] = [
  "failed",
  "abandoned",
  "running",
  "retrying",
  "waiting",
  "rejected",
  "unstarted",
  "skipped",
  "completed",
];

function resultOf(output: unknown): Pick<StepView, "output" | "simulated" | "made"> {
  const made = madeOf(output);
  return { output, ...(made === "simulated" && { simulated: true }), ...(made && { made }) };
}
