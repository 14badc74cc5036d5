import { lastOf, type Append, type History, type Part } from "../../shared/contract/decider.ts";
import { GenesisError } from "../../shared/contract/errors.ts";
import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import { canonicalJson } from "../../shared/contract/plan-hash.ts";
import type { Step } from "../../shared/contract/plan.ts";
import type { AgentCard } from "../../shared/domain/agents.ts";
import type { Earlier } from "./examined.ts";
import { validate } from "./validate.ts";

/** What the decision is made from: the event, the history of its run up to it or beyond, and the agents there are. */
export type Given = { event: StoredEvent<"plan.routed">; history: History; agents: readonly AgentCard[] };

/**
 * The verdict on a routed plan. Both kinds are appended with the sequence that they were decided at: so a dispatch that
 * came between is seen before a revision takes effect, and no revision is ever both validated and rejected. Nothing for a
 * run that has ended or not begun, or a revision that has its verdict.
 * @throws GenesisError `E_VALIDATION` when the plan that was routed is not in the log or cannot be read; execution ends such a run
 */
export function decide({ event, history, agents }: Given, part: Part): Append[] {
  const { rev = 0 } = event;
  const task = history.events.find((e) => e.type === "task.submitted");
  if (task === undefined || task.seq > event.seq) return [];
  const run = { ...history, events: history.events.filter(({ seq }) => seq >= task.seq) };
  if (isSettled(run, rev)) return [];
  const decomposed = decomposedOf(run, rev);
  if (decomposed === undefined)
    throw new GenesisError("E_VALIDATION", [
      { path: `plan.decomposed.${rev}`, rule: "readable, and in the log before it is routed" },
    ]);
  const { steps, because } = decomposed.data;
  const { policy } = task.data;
  const plan = { policy, steps, routed: event.data, agents, because, earlier: earlierOf(run, rev) };
  const { passed, verdict } = validate(plan, part);
  const isFinal = !passed && isLast(run, decomposed, policy.maxReplans);
  const about = { run: event.run, rev, tokens: [rev], causationId: event.id };
  const verdictEvent: NewEvent = passed
    ? { type: "plan.validated", ...about, data: verdict }
    : { type: "plan.rejected", ...about, data: { ...verdict, final: isFinal } };
  return [{ event: verdictEvent, expect: { runAt: history.lastSeq } }];
}

function isSettled({ events }: History, rev: number): boolean {
  return events.some(
    (e) =>
      e.type === "run.finished" ||
      ((e.type === "plan.validated" || e.type === "plan.rejected") && e.rev === rev),
  );
}

function decomposedOf(history: History, rev: number): StoredEvent<"plan.decomposed"> | undefined {
  return lastOf(history, "plan.decomposed", (e) => e.rev === rev);
}

/** What a later revision must leave alone. A validated revision keeps every dispatched step, so the newest one has them all. */
function earlierOf(history: History, rev: number): Earlier {
  const revisions = history.events
    .filter((e) => e.type === "plan.decomposed")
    .filter((e) => (e.rev ?? 0) < rev)
    .map(({ rev: earlier = 0, data }) => ({ rev: earlier, steps: data.steps }));
  const inForce = lastOf(history, "plan.validated")?.rev;
  const steps: readonly Step[] =
    inForce === undefined ? [] : (decomposedOf(history, inForce)?.data.steps ?? []);
  const dispatched = new Set(history.events.map((e) => e.type === "step.dispatched" && e.step));
  return { revisions, dispatched: steps.filter(({ id }) => dispatched.has(id)) };
}

/** Whether a rejected plan is the run's last: its replans are used up, or the planner only repeats itself. Never for an update's revision. */
function isLast(history: History, rejected: StoredEvent<"plan.decomposed">, maxReplans: number): boolean {
  if (isFromUpdate(history, rejected)) return false;
  const { rev = 0, data } = rejected;
  const before = decomposedOf(history, rev - 1);
  if (before !== undefined && canonicalJson(before.data.steps) === canonicalJson(data.steps)) return true;
  const rejections = history.events
    .filter((e) => e.type === "plan.rejected")
    .map((e) => decomposedOf(history, e.rev ?? 0))
    .filter((plan) => plan === undefined || !isFromUpdate(history, plan));
  return rejections.length >= maxReplans;
}

function isFromUpdate({ events }: History, { causationId }: StoredEvent<"plan.decomposed">): boolean {
  return events.some((e) => e.type === "plan.update" && e.id === causationId);
}
