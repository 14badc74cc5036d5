import type { StepAtHand, StepOutcome } from "../bus/attempt.ts";
import { GenesisError } from "../contract/errors.ts";
import type { EventData, StoredEvent } from "../contract/events.ts";
import type { Usage } from "../contract/plan.ts";
import { parseWith } from "../contract/validate.ts";
import type { Log } from "../telemetry/logging.ts";
import type { Agent, StepContext, Task } from "./define-agent.ts";
import { asAgentError } from "./errors.ts";

/** The part of a dispatch that an agent reads. */
export type Dispatched = Pick<StoredEvent<"step.dispatched">, "run" | "step" | "attempt" | "data">;

/** A step that was given to this agent, and what its handler may reach from there. */
export type Given = Omit<StepAtHand, "event"> & { event: Dispatched; log: Log };

/**
 * Has the agent do a step. Whatever goes wrong is an outcome, its text and stack only in the log.
 * @throws GenesisError `E_STORAGE` alone: the broker's troubles are no failure of the step
 */
export async function runStep(agent: Agent, given: Given): Promise<StepOutcome> {
  const spent: Usage[] = [];
  try {
    const task = taskOf(agent, given.event.data.taskType);
    const input = parseWith(task.input, given.event.data.input, "input", "E_INPUT");
    const returned = await task.handler(input as never, contextOf(given, spent));
    const output = parseWith(task.output, returned, "output", "E_AGENT");
    return { completed: { output, ...usageOf(spent) } };
  } catch (thrown) {
    const error = asAgentError(thrown);
    if (error.code === "E_STORAGE") throw error;
    // A step that was told to stop ends with an error too, and that is no news.
    if (!given.signal.aborted)
      given.log.warn({ event: "step_failed", code: error.code, err: error }, "the step failed");
    return { failed: { error: error.toJSON(), ...usageOf(spent) } };
  }
}

function taskOf(agent: Agent, type: string): Task {
  const task = Object.hasOwn(agent.tasks, type) ? agent.tasks[type] : undefined;
  if (task === undefined)
    throw new GenesisError("E_INPUT", [{ path: "taskType", rule: "one that this agent takes" }]);
  return task;
}

function contextOf({ event, readTask: read, ...rest }: Given, spent: Usage[]): StepContext {
  const { run, step = "", attempt = 1, data } = event;
  let task: Promise<EventData<"task.submitted">> | undefined;
  const readTask = (): Promise<EventData<"task.submitted">> => (task ??= read());
  return {
    ...rest,
    run,
    step,
    attempt,
    taskType: data.taskType,
    title: data.title,
    effectKey: data.effectKey,
    usage: { add: (usage) => void spent.push(usage) },
    task: readTask,
    goal: async () => (await readTask()).goal,
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
