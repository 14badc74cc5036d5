import type { ErrorShape } from "../shared/contract/errors.ts";
import type { EventData, StoredEvent } from "../shared/contract/events.ts";
import type { Finding, Priority, Step, Usage } from "../shared/contract/plan.ts";
import { traceIdOf } from "../shared/telemetry/trace-context.ts";
import { stateOf, type Run, type StepState } from "../shared/domain/run.ts";

/** What the commands tell about a run: what `--json` prints, and what the renderers make lines of. */

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

export type RevisionView = {
  rev: number;
  planner: EventData<"plan.decomposed">["planner"];
  steps: number;
  verdict: "pending" | "passed" | "rejected";
  final?: boolean;
  profile?: string;
  score?: number;
  parts?: Record<string, number>;
  planHash?: string;
  findings: readonly (Finding & { check: string })[];
};

export type RunView = {
  run: string;
  /** `planning` until a plan has passed, `ending` once its end is decided and not yet written. */
  state: "planning" | "running" | "ending" | "finished";
  outcome?: EventData<"run.finished">["outcome"];
  goal: string;
  taskType?: string;
  priority: Priority;
  submittedAt: string;
  deadline: string;
  finishedAt?: string;
  durationMs: number;
  correlationId: string;
  traceId?: string;
  /** The revision whose steps these are: the one in force, else the newest. */
  rev?: number;
  revisions: readonly RevisionView[];
  steps: readonly StepView[];
  counts?: EventData<"run.finished">["counts"];
  usage: Usage;
  result?: Record<string, unknown>;
  error?: ErrorShape;
};

/** What is to be told about a run. @param nowMs for what still goes on @returns undefined for a run without its task */
export function viewOf(run: Run, nowMs: number): RunView | undefined {
  const { task, finished } = run;
  if (task === undefined) return undefined;
  const { goal, taskType, priority, deadline } = task.data;
  const traceId = task.traceparent === undefined ? undefined : traceIdOf(task.traceparent);
  const rev = run.plan?.rev ?? lastKey(run.decomposed);
  return {
    run: run.id,
    state: finished ? "finished" : run.ending ? "ending" : run.plan ? "running" : "planning",
    ...(finished && { outcome: finished.data.outcome }),
    goal,
    ...(taskType !== undefined && { taskType }),
    priority,
    submittedAt: isoOf(task.storedAtMs),
    deadline,
    ...(finished && { finishedAt: isoOf(finished.storedAtMs) }),
    durationMs: (finished?.storedAtMs ?? nowMs) - task.storedAtMs,
    correlationId: task.correlationId,
    ...(traceId !== undefined && { traceId }),
    ...(rev !== undefined && { rev }),
    revisions: [...run.decomposed.values()].map((event) => revisionOf(run, event)),
    steps: rev === undefined ? [] : stepsOf(run, rev, finished?.storedAtMs ?? nowMs),
    ...(finished && { counts: finished.data.counts }),
    usage: finished?.data.usage ?? run.usage,
    ...(finished?.data.result && { result: finished.data.result }),
    ...errorOf(run),
  };
}

function errorOf(run: Run): { error?: ErrorShape } {
  const error = run.finished?.data.error ?? run.ending?.error;
  return error ? { error } : {};
}

function revisionOf(run: Run, decomposed: StoredEvent<"plan.decomposed">): RevisionView {
  const rev = decomposed.rev ?? 0;
  const verdict = run.verdicts.get(rev);
  const { planner, steps } = decomposed.data;
  const made = { rev, planner, steps: steps.length };
  if (verdict === undefined) return { ...made, verdict: "pending", findings: [] };
  const { profile, score, parts, planHash, checks } = verdict.data;
  return {
    ...made,
    verdict: verdict.type === "plan.validated" ? "passed" : "rejected",
    ...(verdict.type === "plan.rejected" && { final: verdict.data.final }),
    profile,
    score,
    parts,
    planHash,
    findings: checks.flatMap(({ check, findings }) => findings.map((finding) => ({ check, ...finding }))),
  };
}

function stepsOf(run: Run, rev: number, untilMs: number): StepView[] {
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

type Happened = Pick<StepView, "state" | "attempts" | "startedAt" | "finishedAt" | "durationMs" | "output" | "simulated" | "error" | "reason">;

function primitiveView(run: Run, { id }: Step, untilMs: number): Happened {
  const state = stateOf(run, id);
  const dispatches = run.dispatches.get(id) ?? [];
  const startedMs = dispatches[0]?.storedAtMs;
  const endedMs = endOf(run, id, state);
  return {
    state: stateIn(run, state),
    attempts: dispatches.map((dispatched) => attemptOf(run, id, dispatched)),
    ...(startedMs !== undefined && { startedAt: isoOf(startedMs), durationMs: (endedMs ?? untilMs) - startedMs }),
    ...(endedMs !== undefined && { finishedAt: isoOf(endedMs) }),
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
    dispatchedAt: isoOf(storedAtMs),
    ...(failure && { failedAt: isoOf(failure.storedAtMs), error: failure.data.error }),
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

const FIRST: readonly StepViewState[] = ["failed", "abandoned", "running", "retrying", "waiting", "skipped", "completed"];

function isSimulated(output: unknown): boolean {
  return typeof output === "object" && output !== null && "simulated" in output && output.simulated === true;
}

function lastKey(revisions: ReadonlyMap<number, unknown>): number | undefined {
  return revisions.size === 0 ? undefined : Math.max(...revisions.keys());
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
