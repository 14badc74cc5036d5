import type { Log } from "../shared/bus/log.ts";
import { traceIdOf } from "../shared/telemetry/trace-context.ts";

/** Finds runs by the id of a trace, or the beginning of one. */
export type RunsOfTrace = (trace: string) => Promise<ReadonlySet<string>>;

/** Shorter texts are taken for no trace: a typing error would have the whole log read, and match somebody's. */
const SHORTEST = 8;
const TRACE = new RegExp(`^[0-9a-f]{${SHORTEST},32}$`);
const PAGE = 256;

/** Whether a text may be a trace's id or the beginning of one. */
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
    for (const { run, traceparent = "" } of page.events)
      if (traceIdOf(traceparent)?.startsWith(trace)) runs.add(run);
    fromSeq = page.nextSeq;
  }
  return runs;
}
