import type { History } from "../../shared/contract/decider.ts";
import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import {
  ATTRIBUTE,
  type LogLine,
  type Observation,
  type Point,
  type SummarySpan,
} from "../../shared/telemetry/names.ts";

/** The name of the workflow, on the span that tells of a run as a whole. */
const WORKFLOW = "genesis";

/** What was decided upon, an unreadable fact among it; undefined for a timer. */
type Trigger = Pick<StoredEvent, "storedAtMs">;

/**
 * What execution's work on a run shows: attempts that agents were asked for or that it gave up itself, and the end of
 * the run with a summary.
 */
export function observe(
  trigger: Trigger | undefined,
  written: readonly NewEvent[],
  history: History,
): Observation {
  const failed = written.filter((event) => event.type === "step.failed");
  const lines = failed.map(failureLine);
  const dispatched = written.filter((event) => event.type === "step.dispatched");
  const finished = written.find((event) => event.type === "run.finished");
  const attributes = {
    ...(dispatched.length > 0 && { [ATTRIBUTE.dispatchedCount]: dispatched.length }),
    ...(finished && { [ATTRIBUTE.outcome]: finished.data.outcome }),
  };
  const asked = [
    ...dispatched.map(({ data }): Point => ({
      metric: "dispatched",
      labels: { agent: data.agent },
      value: 1,
    })),
    ...(dispatched.length > 0 ? firstDispatchOf(trigger, history) : []),
  ];
  const told = { attributes, ...(lines.length > 0 && { lines }) };
  if (finished === undefined) return { ...told, points: asked };
  const task = history.events.find((event) => event.type === "task.submitted");
  return {
    ...told,
    points: [...asked, ...endOf(finished, trigger, history)],
    ...(task && { summary: summaryOf(task, finished, history) }),
  };
}

/** What an agent fails it tells in its own log; of what execution fails for it nobody else does. */
function failureLine({ step = "", attempt = 1, data }: NewEvent<"step.failed">): LogLine {
  const fields = { event: "step_failed" as const, step, attempt, agent: data.agent, code: data.error.code };
  return { fields, message: "the attempt was given up" };
}

/** How long a run's task took to become work. Later dispatches of the run tell nothing of that. */
function firstDispatchOf(trigger: Trigger | undefined, history: History): Point[] {
  const isFirst = !history.events.some((event) => event.type === "step.dispatched");
  const seconds = secondsUntil(trigger, history);
  return isFirst && seconds !== undefined
    ? [{ metric: "firstDispatchSeconds", labels: {}, value: seconds }]
    : [];
}

/** From the storing of the task to the storing of what was decided upon, by the broker's clock alone. */
function secondsUntil(trigger: Trigger | undefined, history: History): number | undefined {
  const task = history.events.find((event) => event.type === "task.submitted");
  const lastMs = (trigger ?? history.events.at(-1))?.storedAtMs;
  if (task === undefined || lastMs === undefined) return undefined;
  return Math.max(0, lastMs - task.storedAtMs) / 1000;
}

/** A run lasts from the storing of its task to the storing of what decided its end. */
function endOf(finished: NewEvent<"run.finished">, trigger: Trigger | undefined, history: History): Point[] {
  const labels = { outcome: finished.data.outcome };
  const seconds = secondsUntil(trigger, history);
  const lasted: Point[] = seconds === undefined ? [] : [{ metric: "runSeconds", labels, value: seconds }];
  const attempts = attemptsOf(history).map((value): Point => ({ metric: "attempts", labels: {}, value }));
  return [
    { metric: "runsFinished", labels, value: 1 },
    { metric: "runCost", labels: {}, value: finished.data.usage.costMicroUsd ?? 0 },
    { metric: "runRounds", labels: {}, value: roundsOf(history) },
    ...lasted,
    ...attempts,
  ];
}

/**
 * The run as a whole: one span from the storing of its task to its end, beside everything that happened in between.
 */
function summaryOf(
  task: StoredEvent<"task.submitted">,
  { data }: NewEvent<"run.finished">,
  history: History,
): SummarySpan {
  const { outcome, counts, usage, error } = data;
  const score = scoreOf(history);
  return {
    span: "invoke_workflow",
    under:
      task.traceparent === undefined
        ? undefined
        : { traceparent: task.traceparent, tracestate: task.tracestate },
    // The broker's time is cut to milliseconds here, and the run began within this one: a span that began before the
    // one that it stands under would look like a mistake.
    startMs: task.storedAtMs + 1,
    attributes: {
      [ATTRIBUTE.genAiOperation]: "invoke_workflow",
      [ATTRIBUTE.genAiWorkflow]: WORKFLOW,
      [ATTRIBUTE.genAiConversation]: task.correlationId,
      [ATTRIBUTE.run]: task.run,
      [ATTRIBUTE.outcome]: outcome,
      [ATTRIBUTE.rounds]: roundsOf(history),
      [ATTRIBUTE.stepsCompleted]: counts.completed,
      [ATTRIBUTE.stepsFailed]: counts.failed,
      [ATTRIBUTE.stepsSkipped]: counts.skipped,
      [ATTRIBUTE.genAiInputTokens]: usage.inputTokens ?? 0,
      [ATTRIBUTE.genAiOutputTokens]: usage.outputTokens ?? 0,
      [ATTRIBUTE.costMicroUsd]: usage.costMicroUsd ?? 0,
      ...(score !== undefined && { [ATTRIBUTE.qualityScore]: score }),
      ...(error && { [ATTRIBUTE.errorType]: error.code }),
    },
  };
}

/** Revisions of the plan beyond the first. */
function roundsOf({ events }: History): number {
  return events.reduce(
    (latest, event) => (event.type === "plan.decomposed" ? Math.max(latest, event.rev ?? 0) : latest),
    0,
  );
}

/** How many attempts each step that was dispatched took. */
function attemptsOf({ events }: History): number[] {
  const attempts = new Map<string, number>();
  for (const { type, step = "", attempt = 1 } of events)
    if (type === "step.dispatched") attempts.set(step, Math.max(attempts.get(step) ?? 0, attempt));
  return [...attempts.values()];
}

/** The score of the plan that was judged last. */
function scoreOf({ events }: History): number | undefined {
  const verdict = events.findLast(
    (event) => event.type === "plan.validated" || event.type === "plan.rejected",
  );
  return verdict?.data.score;
}
