import type { SetTimer } from "../../shared/contract/decider.ts";
import type { StoredEvent } from "../../shared/contract/events.ts";
import type { FiredTimer } from "../../shared/contract/subjects.ts";
import { backoffMs } from "../../shared/domain/backoff.ts";
import type { Run } from "../../shared/domain/run.ts";

/**
 * The fact that set a timer which fired. Undefined when no such fact is in the log, or when the timer is not due by
 * what the log says: anyone on the bus can say that it fired.
 */
export function setterOf(run: Run, { timer, firedAtMs }: FiredTimer): StoredEvent | undefined {
  const { kind, step = "", attempt } = timer;
  switch (kind) {
    case "deadline":
      return run.task && firedAtMs >= deadlineOf(run.task).atMs ? run.task : undefined;
    case "timeout": {
      const dispatched = run.dispatches.get(step)?.find((event) => event.attempt === attempt);
      return dispatched && firedAtMs >= timeoutOf(dispatched).atMs ? dispatched : undefined;
    }
    case "retry": {
      const failed = run.failures.get(step)?.find((event) => event.attempt === attempt);
      return failed && firedAtMs >= retryOf(failed).atMs ? failed : undefined;
    }
  }
}

/** The timer that expires a run. */
export function deadlineOf({ run, data }: StoredEvent<"task.submitted">): SetTimer {
  return { timer: { run, kind: "deadline" }, atMs: Date.parse(data.deadline) };
}

/** The timer that gives an attempt up. */
export function timeoutOf(dispatched: StoredEvent<"step.dispatched">): SetTimer {
  const { run, step = "", attempt = 1, storedAtMs, data } = dispatched;
  return { timer: { run, kind: "timeout", step, attempt }, atMs: storedAtMs + data.timeoutMs };
}

/** The timer that starts the next attempt. */
export function retryOf(failed: StoredEvent<"step.failed">): SetTimer {
  const { run, step = "", attempt = 1, storedAtMs } = failed;
  const atMs = storedAtMs + backoffMs(attempt, `${run}|${step}|${attempt}`);
  return { timer: { run, kind: "retry", step, attempt }, atMs };
}
