import type { Agent, ProgressNote } from "../../shared/agent/define-agent.ts";
import { runStep, type AgentDispatch } from "../../shared/agent/run-step.ts";
import type { StepOutcome } from "../../shared/bus/result.ts";
import { POLICY_DEFAULTS, type EventData } from "../../shared/contract/events.ts";
import type { LogFields } from "../../shared/telemetry/logging.ts";

/** A step to try an agent with; what is left out is filled in. */
export type TriedStep = {
  taskType: string;
  input?: Record<string, unknown>;
  results?: Record<string, unknown>;
  title?: string;
  goal?: string;
  run?: string;
  step?: string;
  attempt?: number;
  signal?: AbortSignal;
};

/** What came of it: the outcome, and what the agent said on the way. */
export type Tried = { outcome: StepOutcome; progress: ProgressNote[]; logged: LogFields[] };

/**
 * Has an agent do a step as a dispatch would, without a bus. Checks of input and output, error mapping and usage are
 * those of production.
 */
export async function tryStep(agent: Agent, tried: TriedStep): Promise<Tried> {
  const progress: ProgressNote[] = [];
  const logged: LogFields[] = [];
  const line = (fields: LogFields): void => void logged.push(fields);
  const outcome = await runStep(agent, {
    event: dispatchOf(agent, tried),
    results: tried.results ?? {},
    signal: tried.signal ?? new AbortController().signal,
    progress: (note) => void progress.push(note),
    readTask: async () => taskOf(tried.goal ?? "try an agent"),
    log: { trace: line, debug: line, info: line, warn: line, error: line, fatal: line },
  });
  return { outcome, progress, logged };
}

const AT = "2026-01-01T00:00:00.000Z";
const HASH = "0".repeat(64);

function dispatchOf(agent: Agent, tried: TriedStep): AgentDispatch {
  const { taskType, input = {}, results = {}, run = "run", step = "step", attempt = 1 } = tried;
  return {
    run,
    step,
    attempt,
    data: {
      planHash: HASH,
      agent: agent.name,
      taskType,
      title: tried.title ?? taskType,
      input,
      results,
      deadline: AT,
      timeoutMs: 60_000,
      effectKey: `${run}.${step}`,
    },
  };
}

function taskOf(goal: string): EventData<"task.submitted"> {
  return { goal, requestHash: HASH, priority: "normal", deadline: AT, policy: { ...POLICY_DEFAULTS } };
}
