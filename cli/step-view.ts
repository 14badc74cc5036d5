import type { ErrorShape } from "../shared/contract/errors.ts";
import type { StoredEvent } from "../shared/contract/events.ts";
import type { Step } from "../shared/contract/plan.ts";
import { stateOf, type Run } from "../shared/domain/run.ts";
import type { StepState } from "../shared/domain/step-state.ts";
import { instant } from "./render/time.ts";

export type AttemptView = {
  attempt: number;
  agent: string;
  dispatchedAt: string;
  failedAt?: string;
  error?: ErrorShape;
};

/** A step's state, and one more: it was at work when its run ended, so nobody waits for its result. */
export type StepViewState = StepState["is"] | "abandoned";

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
  output?: unknown;
  /** The agent says that it only played the part. */
  simulated?: boolean;
  error?: ErrorShape;
  /** Why it was skipped. */
  reason?: string;
};

/** The steps of a revision, in the order of the plan. @param untilMs for what still goes on */
export function stepsOf(run: Run, rev: number, untilMs: number): StepView[] {
  const steps = run.decomposed.get(rev)?.data.steps ?? [];
  const agents = new Map(run.routed.get(rev)?.data.assignments.map(({ step, agent }) => [step, agent]));
  const childrenOf = Map.groupBy(steps, (step) => step.parent);
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
        ? primitiveView(run, step, untilMs)
        : { state: compoundState(run, step, childrenOf), attempts: [] }),
    };
  });
}

type Happened = Pick<
  StepView,
  | "state"
  | "attempts"
  | "startedAt"
  | "finishedAt"
  | "durationMs"
  | "output"
  | "simulated"
  | "error"
  | "reason"
>;

function primitiveView(run: Run, { id }: Step, untilMs: number): Happened {
  const state = stateOf(run, id);
  const dispatches = run.dispatches.get(id) ?? [];
  const startedMs = dispatches[0]?.storedAtMs;
  const endedMs = endOf(run, id, state);
  return {
    state: stateIn(run, state),
    attempts: dispatches.map((dispatched) => attemptOf(run, id, dispatched)),
    ...(startedMs !== undefined && {
      startedAt: instant(startedMs),
      durationMs: (endedMs ?? untilMs) - startedMs,
    }),
    ...(endedMs !== undefined && { finishedAt: instant(endedMs) }),
    ...(state.is === "completed" && { output: state.event.data.output }),
    ...(state.is === "completed" && isSimulated(state.event.data.output) && { simulated: true }),
    ...(state.is === "failed" && { error: state.error }),
    ...(state.is === "retrying" && { error: state.failed.data.error }),
    ...(state.is === "skipped" && { reason: state.event.data.reason }),
  };
}

function stateIn({ finished }: Run, { is }: StepState): StepViewState {
  return finished && (is === "running" || is === "retrying") ? "abandoned" : is;
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
  run: Run,
  step: Step,
  childrenOf: ReadonlyMap<string | undefined, readonly Step[]>,
): StepViewState {
  const states = new Set<StepViewState>();
  const seen = new Set([step.id]);
  const open = [step.id];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const child of childrenOf.get(at) ?? []) {
      if (seen.has(child.id)) continue;
      seen.add(child.id);
      if (child.kind === "primitive") states.add(stateIn(run, stateOf(run, child.id)));
      else open.push(child.id);
    }
  }
  const first = FIRST.find((state) => states.has(state));
  const isUnderWay = first === "waiting" && states.size > 1;
  return isUnderWay ? "running" : (first ?? "completed");
}

const FIRST: readonly StepViewState[] = [
  "failed",
  "abandoned",
  "running",
  "retrying",
  "waiting",
  "skipped",
  "completed",
];

function isSimulated(output: unknown): boolean {
  return typeof output === "object" && output !== null && "simulated" in output && output.simulated === true;
}
