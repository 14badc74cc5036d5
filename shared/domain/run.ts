import type { History, Unreadable } from "../contract/decider.ts";
import type { StoredEvent } from "../contract/events.ts";
import type { Ending, Spent } from "./endings.ts";
import { evolve, evolveUnreadable } from "./evolve.ts";
import type { Readiness } from "./readiness.ts";
import type { Plan } from "./run-plan.ts";
import type { StepState } from "./step-state.ts";

/** A run as its log tells it. Made by `foldRun`, read by everyone else. */
export type Run = {
  id: string;
  task?: StoredEvent<"task.submitted">;
  decomposed: Map<number, StoredEvent<"plan.decomposed">>;
  routed: Map<number, StoredEvent<"plan.routed">>;
  verdicts: Map<number, StoredEvent<"plan.validated"> | StoredEvent<"plan.rejected">>;
  /** The newest validated revision. */
  plan?: Plan;
  /** How far that is. */
  readiness?: Readiness;
  /** States of the steps that something happened to; see `stateOf`. */
  steps: Map<string, StepState>;
  dispatches: Map<string, StoredEvent<"step.dispatched">[]>;
  failures: Map<string, StoredEvent<"step.failed">[]>;
  /** Steps whose result stands in the log and cannot be read. */
  unreadableResults: Map<string, Unreadable>;
  approvals: Map<string, StoredEvent<"run.signal">>;
  /** What dispatches and skips name as their cause, by their ids: the way back from what execution itself wrote. */
  causes: Map<string, string>;
  /** The signals that call the run off. */
  calledOffBy: Set<string>;
  usage: Spent;
  ending?: Ending;
  /** Whether something stands where the end of the run belongs; nothing is written after that. */
  isOver: boolean;
  /** What stands there, if it can be read. */
  finished?: StoredEvent<"run.finished">;
  /** The sequence up to which the log was folded. */
  lastSeq: number;
};

const WAITING: StepState = { is: "waiting" };

/** The state of a step. A step that nothing happened to waits. */
export function stateOf(run: Run, step: string): StepState {
  return run.steps.get(step) ?? WAITING;
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
    causes: new Map(),
    calledOffBy: new Set(),
    usage: { inputTokens: 0, outputTokens: 0, costMicroUsd: 0 },
    isOver: false,
    lastSeq: history.lastSeq,
  };
  const facts: (StoredEvent | Unreadable)[] = [...history.events, ...history.unreadable].toSorted(
    (a, b) => a.seq - b.seq,
  );
  let seq = 0;
  for (const fact of facts) {
    if (fact.seq === seq) continue;
    seq = fact.seq;
    if (run.isOver) break;
    if (run.task === undefined && fact.type !== "task.submitted") continue;
    if ("error" in fact) evolveUnreadable(run, fact);
    else evolve(run, fact);
  }
  return run;
}
