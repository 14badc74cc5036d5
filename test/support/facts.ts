import { encode } from "../../shared/contract/envelope.ts";
import { GenesisError } from "../../shared/contract/errors.ts";
import { POLICY_DEFAULTS, type EventData, type NewEvent } from "../../shared/contract/events.ts";
import { subjectsOf, type Lane } from "../../shared/contract/subjects.ts";

/** Facts that a test appends: valid, small, and as far as a test does not say otherwise always the same. */

const AT = "2026-01-01T00:00:00.000Z";
const HASH = "0".repeat(64);

/** The first fact of a run. */
export function submitted(
  run: string,
  data: Partial<EventData<"task.submitted">> = {},
): NewEvent<"task.submitted"> {
  const task = {
    goal: "g",
    requestHash: HASH,
    priority: "normal" as const,
    deadline: "2099-01-01T00:00:00.000Z",
  };
  return {
    type: "task.submitted",
    run,
    tokens: ["once"],
    causationId: "",
    data: { ...task, policy: { ...POLICY_DEFAULTS }, ...data },
  };
}

/** A plan without steps. */
export function decomposed(run: string, rev = 0, because = "a test"): NewEvent<"plan.decomposed"> {
  return {
    type: "plan.decomposed",
    run,
    rev,
    tokens: [rev],
    causationId: "c",
    data: { planner: { kind: "fallback" }, steps: [], because },
  };
}

/** A step, given to an agent. */
export function dispatched(
  run: string,
  step: string,
  { attempt = 1, agent = "worker", lane = "normal" as Lane, ...data }: DispatchOptions = {},
): NewEvent<"step.dispatched"> {
  return {
    type: "step.dispatched",
    run,
    step,
    attempt,
    tokens: [step, attempt, agent, lane],
    causationId: "c",
    data: {
      planHash: HASH,
      agent,
      taskType: "work",
      title: step,
      input: {},
      results: {},
      deadline: "2099-01-01T00:00:00.000Z",
      timeoutMs: 60_000,
      effectKey: `${run}.${step}`,
      ...data,
    },
  };
}

type DispatchOptions = { attempt?: number; agent?: string; lane?: Lane } & Partial<
  EventData<"step.dispatched">
>;

/** The result of a step. */
export function completed(run: string, step: string, output: unknown = step): NewEvent<"step.completed"> {
  return {
    type: "step.completed",
    run,
    step,
    tokens: [step],
    causationId: "c",
    data: { agent: "worker", attempt: 1, output, startedAt: AT, finishedAt: AT },
  };
}

/** A step that will not run. */
export function skipped(run: string, step: string): NewEvent<"step.skipped"> {
  return { type: "step.skipped", run, step, tokens: [step], causationId: "c", data: { reason: "a test" } };
}

/** An update that was refused. */
export function refused(run: string, update: string): NewEvent<"plan.refused"> {
  const error = new GenesisError("E_STALE").toJSON();
  return {
    type: "plan.refused",
    run,
    tokens: [update],
    causationId: "c",
    data: { error, reason: "a test" },
  };
}

/** The one end of a run. */
export function finished(run: string, through = 1): NewEvent<"run.finished"> {
  const counts = { completed: 0, failed: 0, skipped: 0 };
  return {
    type: "run.finished",
    run,
    tokens: ["once"],
    causationId: "c",
    data: { outcome: "completed", through, counts, usage: {} },
  };
}

/** A signal from outside. */
export function signal(run: string, key: string): NewEvent<"run.signal"> {
  return {
    type: "run.signal",
    run,
    tokens: [key],
    causationId: "",
    data: { kind: "event", actor: { kind: "user", name: "test" } },
  };
}

/** A fact as bytes, as any client could publish it. */
export function encoded(event: NewEvent, prefix = "genesis") {
  return encode(subjectsOf(prefix), event, "corr-1", AT);
}
