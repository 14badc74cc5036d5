import { ATTRIBUTE } from "../../shared/telemetry/names.ts";
import { lineFiles, linesWith } from "./lines-with.ts";
import { spansOfLine, type Span } from "./span.ts";

/** Of which run, and the trace that its first event belongs to. */
export type TraceOf = { run: string; traceId?: string | undefined };

/**
 * Every span of a run's traces, out of the OTLP JSON line files of a folder. Work that was scheduled far ahead has a trace of
 * its own; it is found because its spans name the run. @throws the file system's error when the folder cannot be read
 */
export async function readSpans(folder: string, { run, traceId }: TraceOf): Promise<Span[]> {
  const files = await lineFiles(folder);
  const traces = new Set(traceId === undefined ? [] : [traceId]);
  for await (const line of linesWith([run], files)) {
    for (const span of spansOfLine(line)) {
      if (span.attributes[ATTRIBUTE.run] === run) traces.add(span.traceId);
    }
  }
  const spans: Span[] = [];
  for await (const line of linesWith([...traces], files)) {
    spans.push(...spansOfLine(line).filter((span) => traces.has(span.traceId)));
  }
  return spans;
}

/** The runs that the spans of a trace name, by its id or a beginning of it. @throws the file system's error when the folder cannot be read */
export async function runsNamedIn(folder: string, trace: string): Promise<Set<string>> {
  const runs = new Set<string>();
  for await (const line of linesWith([trace], await lineFiles(folder))) {
    for (const { traceId, attributes } of spansOfLine(line)) {
      const run = attributes[ATTRIBUTE.run];
      if (run !== undefined && traceId.startsWith(trace)) runs.add(String(run));
    }
  }
  return runs;
}
