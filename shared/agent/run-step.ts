import type { StepAtHand } from "../bus/attempt.ts";
import type { StepOutcome } from "../bus/result.ts";
import { GenesisError } from "../contract/errors.ts";
import type { EventData, StoredEvent } from "../contract/events.ts";
import { usage, type Usage } from "../contract/plan.ts";
import { issues, parseWith } from "../contract/validate.ts";
import type { Log } from "../telemetry/logging.ts";
import { ATTRIBUTE } from "../telemetry/names.ts";
import { timedOperation } from "../telemetry/operations.ts";
import type { Agent, StepContext, Task } from "./define-agent.ts";
import { asAgentError } from "./errors.ts";

/** The part of a dispatch that an agent reads. */
export type AgentDispatch = Pick<StoredEvent<"step.dispatched">, "run" | "step" | "attempt" | "data">;

/** A step that was given to this agent, and what its handler may reach from there. */
export type Given = Omit<StepAtHand, "event"> & { event: AgentDispatch; log: Log };

/**
 * Has the agent do a step. Whatever goes wrong is an outcome, its text and stack only in the log.
 * @throws GenesisError `E_STORAGE` alone: the broker's troubles are no failure of the step
 */
export async function runStep(agent: Agent, given: Given): Promise<StepOutcome> {
  const spending = openSpending();
  try {
    const task = taskOf(agent, given.event.data.taskType);
    const input = parseWith(task.input, given.event.data.input, "input", "E_INPUT");
    const returned = await task.handler(input as never, contextOf(given, spending));
    const output = parseWith(task.output, returned, "output", "E_AGENT");
    return { completed: { output, ...spending.soFar() } };
  } catch (thrown) {
    const error = asAgentError(thrown);
    if (error.code === "E_STORAGE") throw error;
    // A step that was told to stop ends with an error too, and that is no news.
    if (!given.signal.aborted)
      given.log.warn({ event: "step_failed", code: error.code, err: thrown }, "the step failed");
    return { failed: { error: error.toJSON(), ...spending.soFar() } };
  }
}

function taskOf(agent: Agent, type: string): Task {
  const task = Object.hasOwn(agent.tasks, type) ? agent.tasks[type] : undefined;
  if (task === undefined)
    throw new GenesisError("E_INPUT", [{ path: "taskType", rule: "one that this agent takes" }]);
  return task;
}

function contextOf({ event, readTask: read, ...rest }: Given, { add }: Spending): StepContext {
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
    timeoutMs: data.timeoutMs,
    usage: { add },
    tool: runTool,
    task: readTask,
    goal: async () => (await readTask()).goal,
  };
}

function runTool<T>(name: string, fn: () => T): T {
  const attributes = { [ATTRIBUTE.genAiOperation]: "execute_tool", [ATTRIBUTE.genAiTool]: name };
  return timedOperation("execute_tool", attributes, fn);
}

type Spending = { add: (part: Usage) => void; soFar: () => { usage?: Usage } };

/** Adds up what a step costs; nothing as long as nothing was told. */
function openSpending(): Spending {
  let total: Usage | undefined;
  return {
    add: (part) => {
      const sum = checked(part);
      for (const key of ["inputTokens", "outputTokens", "costMicroUsd"] as const)
        if (total?.[key] !== undefined) sum[key] = (sum[key] ?? 0) + total[key];
      total = checked(sum);
    },
    soFar: () => (total === undefined ? {} : { usage: total }),
  };
}

/** @throws GenesisError `E_AGENT`, for good, where a sum is none that can stand in the log */
function checked(spent: Usage): Usage {
  const result = usage.safeParse(spent);
  if (result.success) return result.data;
  throw new GenesisError("E_AGENT", issues(result.error, "usage"), { retryable: false });
}
