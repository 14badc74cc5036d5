import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ATTRIBUTE } from "../../shared/telemetry/names.ts";
import { spansOfLine, type Span } from "./span.ts";

/** Of which run, and the trace that its first event belongs to. */
export type TraceOf = { run: string; traceId?: string | undefined };

/**
 * Every span of a run's traces, out of the OTLP JSON line files of a folder. Work that was scheduled far ahead has a trace of
 * its own; it is found because its spans name the run. @throws the file system's error when the folder cannot be read
 */
export async function readSpans(folder: string, { run, traceId }: TraceOf): Promise<Span[]> {
  const files = await traceFiles(folder);
  const traces = new Set(traceId === undefined ? [] : [traceId]);
  await eachSpan(files, [run], (span) => {
    if (span.attributes[ATTRIBUTE.run] === run) traces.add(span.traceId);
  });
  const spans: Span[] = [];
  await eachSpan(files, [...traces], (span) => {
    if (traces.has(span.traceId)) spans.push(span);
  });
  return spans;
}

/** A file that has grown large is set aside under the same name with `.1`. */
async function traceFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => /\.jsonl(\.1)?$/.test(name)).map((name) => join(folder, name));
}

/** Hands over the spans of every line that holds one of the ids: most lines do not, and searching is cheaper than parsing. */
async function eachSpan(files: readonly string[], ids: readonly string[], take: (span: Span) => void): Promise<void> {
  for (const file of files) {
    const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity });
    for await (const line of lines) {
      if (ids.some((id) => line.includes(id))) spansOfLine(line).forEach(take);
    }
  }
}
