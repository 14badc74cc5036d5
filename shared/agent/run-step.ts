import { GenesisError, type ErrorShape } from "../contract/errors.ts";
import type { EventData, StoredEvent } from "../contract/events.ts";
import type { Usage } from "../contract/plan.ts";
import { parseWith } from "../contract/validate.ts";
import type { Log } from "../telemetry/logging.ts";
import type { Agent, ProgressNote, StepContext, Task } from "./define-agent.ts";
import { asAgentError } from "./errors.ts";

/** The part of a dispatch that an agent reads. */
export type Dispatched = Pick<StoredEvent<"step.dispatched">, "run" | "step" | "attempt" | "data">;

/** A step that was given to this agent, and what its handler may reach from there. */
export type StepAtHand = {
  event: Dispatched;
  /** As in the event, references replaced by the outputs that they name. */
  results: Record<string, unknown>;
  signal: AbortSignal;
  progress: (note: ProgressNote) => void;
  readTask: () => Promise<EventData<"task.submitted">>;
  log: Log;
};

/** What came of a step: the part of `step.completed` or `step.failed` that the agent decides. */
export type StepOutcome =
  | { completed: { output: unknown; usage?: Usage } }
  | { failed: { error: ErrorShape; usage?: Usage } };

/** Has the agent do a step. Never throws: whatever goes wrong is an outcome, its text and stack only in the log. */
export async function runStep(agent: Agent, at: StepAtHand): Promise<StepOutcome> {
  const spent: Usage[] = [];
  try {
    const task = taskOf(agent, at.event.data.taskType);
    const input = parseWith(task.input, at.event.data.input, "input", "E_INPUT");
    const returned = await task.handler(input as never, contextOf(at, spent));
    const output = parseWith(task.output, returned, "output", "E_AGENT");
    // JSON has no undefined, and a result must stand in its message.
    return { completed: { output: output ?? null, ...usageOf(spent) } };
  } catch (thrown) {
    const error = asAgentError(thrown);
    at.log.warn({ event: "step_failed", code: error.code, err: error }, "the step failed");
    return { failed: { error: error.toJSON(), ...usageOf(spent) } };
  }
}

function taskOf(agent: Agent, type: string): Task {
  const task = Object.hasOwn(agent.tasks, type) ? agent.tasks[type] : undefined;
  if (task === undefined)
    throw new GenesisError("E_INPUT", [{ path: "taskType", rule: "one that this agent takes" }]);
  return task;
}

function contextOf(at: StepAtHand, spent: Usage[]): StepContext {
  const { run, step, attempt, data } = at.event;
  let task: Promise<EventData<"task.submitted">> | undefined;
  const readTask = (): Promise<EventData<"task.submitted">> => (task ??= at.readTask());
  return {
    run,
    step: step!,
    attempt: attempt!,
    taskType: data.taskType,
    title: data.title,
    results: at.results,
    effectKey: data.effectKey,
    signal: at.signal,
    progress: at.progress,
    usage: { add: (usage) => void spent.push(usage) },
    task: readTask,
    goal: async () => (await readTask()).goal,
    log: at.log,
  };
}

/** The sum of what was spent; nothing when nothing was told. */
function usageOf(spent: readonly Usage[]): { usage?: Usage } {
  if (spent.length === 0) return {};
  const usage: Usage = {};
  for (const part of spent)
    for (const key of ["inputTokens", "outputTokens", "costMicroUsd"] as const)
      if (part[key] !== undefined) usage[key] = (usage[key] ?? 0) + part[key];
  return { usage };
}
