import type { Log } from "../shared/bus/log.ts";
import { traceIdOf } from "../shared/telemetry/trace-context.ts";

/** Finds runs by the id of a trace. */
export type RunsOfTrace = (trace: string) => Promise<ReadonlySet<string>>;

/** Whole ids alone, as exemplars and log lines have them: for each beginning of a run that is none the log would be read. */
const TRACE = /^[0-9a-f]{32}$/;
const PAGE = 64;

/** Whether a text may be a trace's id. */
export function mayBeTrace(given: string): boolean {
  return TRACE.test(given);
}

/** The runs that were submitted in a trace. Several may be: a client that submits twice within one span of its own. */
export async function runsSubmittedIn(log: Log, trace: string): Promise<Set<string>> {
  const runs = new Set<string>();
  for (let fromSeq: number | undefined = 1; fromSeq !== undefined;) {
    const page: Awaited<ReturnType<typeof log.scan<"task.submitted">>> = await log.scan("task.submitted", {
      fromSeq,
      max: PAGE,
    });
    for (const { run, traceparent = "" } of page.events) if (traceIdOf(traceparent) === trace) runs.add(run);
    fromSeq = page.nextSeq;
  }
  return runs;
}
