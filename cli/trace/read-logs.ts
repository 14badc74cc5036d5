import { parseLogLine, type LogLine } from "../log-lines.ts";
import { lineFiles, linesWith } from "./lines-with.ts";

/** More lines than this are no help in a page, and would make it slow. */
const MOST_LINES = 5000;

/** The log lines of a run, in the order of time, and how many more there are than were kept. */
export type RunLogs = { lines: readonly LogLine[]; left: number };

/**
 * The lines that the services of an instance wrote about a run: those that name the run or one of its traces. A folder that
 * cannot be read has none.
 */
export async function readLogs(
  folder: string,
  ids: { run: string; traces: readonly string[] },
): Promise<RunLogs> {
  const files = await lineFiles(folder).catch(() => []);
  const lines: LogLine[] = [];
  let left = 0;
  for await (const text of linesWith([ids.run, ...ids.traces], files)) {
    const line = parseLogLine(text);
    if (line === undefined || !isAbout(line, ids)) continue;
    if (lines.length < MOST_LINES) lines.push(line);
    else left++;
  }
  return { lines: lines.toSorted((a, b) => a.timeMs - b.timeMs), left };
}

function isAbout({ fields }: LogLine, { run, traces }: { run: string; traces: readonly string[] }): boolean {
  return fields["run"] === run || traces.includes(String(fields["trace_id"]));
}
