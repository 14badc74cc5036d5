import type { ErrorShape } from "../shared/contract/errors.ts";
import type { EventData, StoredEvent } from "../shared/contract/events.ts";
import type { Finding, Priority, Usage } from "../shared/contract/plan.ts";
import type { Run } from "../shared/domain/run.ts";
import { traceIdOf } from "../shared/telemetry/trace-context.ts";
import { instant } from "./render/time.ts";
import { stepsOf, type StepView } from "./step-view.ts";

/** What the commands tell about a run: what `--json` prints, and what the renderers make lines of. */

export type RevisionView = {
  rev: number;
  planner: EventData<"plan.decomposed">["planner"];
  /** Why it was planned like this, where the planner says so. */
  because?: string;
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
  /** Who called it off, and why, where a signal ended it. */
  calledOff?: { by: string; reason?: string };
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
    submittedAt: instant(task.storedAtMs),
    deadline,
    ...(finished && { finishedAt: instant(finished.storedAtMs) }),
    durationMs: (finished?.storedAtMs ?? nowMs) - task.storedAtMs,
    correlationId: task.correlationId,
    ...(traceId !== undefined && { traceId }),
    ...(rev !== undefined && { rev }),
    revisions: [...run.decomposed.values()].map((event) => revisionOf(run, event)),
    steps: rev === undefined ? [] : stepsOf(run, rev, finished?.storedAtMs ?? nowMs),
    ...(finished && { counts: finished.data.counts }),
    usage: finished?.data.usage ?? run.usage,
    ...(finished?.data.result && { result: finished.data.result }),
    ...calledOff(run),
    ...errorOf(run),
  };
}

function errorOf(run: Run): { error?: ErrorShape } {
  const error = run.finished?.data.error ?? run.ending?.error;
  return error ? { error } : {};
}

function calledOff({ ending }: Run): Pick<RunView, "calledOff"> {
  if (ending?.signal === undefined) return {};
  const { actor, reason } = ending.signal;
  return { calledOff: { by: actor.name, ...(reason !== undefined && { reason }) } };
}

function revisionOf(run: Run, decomposed: StoredEvent<"plan.decomposed">): RevisionView {
  const rev = decomposed.rev ?? 0;
  const verdict = run.verdicts.get(rev);
  const { planner, steps, because } = decomposed.data;
  const made = { rev, planner, ...(because !== undefined && { because }), steps: steps.length };
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

function lastKey(revisions: ReadonlyMap<number, unknown>): number | undefined {
  return revisions.size === 0 ? undefined : Math.max(...revisions.keys());
}
