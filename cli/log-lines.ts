import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** One line of a service's log. */
export type LogLine = {
  timeMs: number;
  service: string;
  level: string;
  message: string;
  /** The rest of what the service wrote. */
  fields: Record<string, unknown>;
  /** All of it. */
  written: Record<string, unknown>;
};

/** Which lines are wanted. `run` is the beginning of a run id. */
export type LogFilter = { service?: string | undefined; run?: string | undefined };

/** A line as it stands in the file. Half a line, or one that is no JSON object with a time, is none. */
export function parseLogLine(text: string): LogLine | undefined {
  const written = parse(text);
  if (written === undefined) return undefined;
  const { time, service, level, msg, ...fields } = written;
  const timeMs = typeof time === "string" ? Date.parse(time) : Number(time);
  if (!Number.isFinite(new Date(timeMs).getTime())) return undefined;
  return { timeMs, service: textOf(service), level: textOf(level), message: textOf(msg), fields, written };
}

/** Whether a line is wanted. */
export function isWanted(line: LogLine, { service, run }: LogFilter): boolean {
  if (service !== undefined && line.service !== service) return false;
  return run === undefined || textOf(line.fields["run"]).startsWith(run);
}

/** The log files of a folder: the current ones, and those that were set aside when they had grown large. */
export async function logFiles(folder: string): Promise<{ current: string[]; older: string[] }> {
  const names = await readdir(folder);
  const paths = (end: string): string[] =>
    names.filter((name) => name.endsWith(end)).map((name) => join(folder, name));
  return { current: paths(".jsonl"), older: paths(".jsonl.1") };
}

/**
 * The lines of several files in the order of time. Each file is in order already, so only the next line of each is held.
 * @param ends how far to read a file, in bytes; to its end where it is not given
 */
export async function* mergedLines(
  files: readonly string[],
  ends: ReadonlyMap<string, number> = new Map(),
): AsyncGenerator<LogLine> {
  const readers = files.map((file) => linesOf(file, ends.get(file)));
  const heads = await Promise.all(readers.map((reader) => reader.next()));
  for (;;) {
    let first = -1;
    for (const [i, { value }] of heads.entries()) {
      if (value && value.timeMs < (heads[first]?.value?.timeMs ?? Infinity)) first = i;
    }
    const line = heads[first]?.value;
    if (!line) return;
    yield line;
    heads[first] = await readers[first]!.next();
  }
}

async function* linesOf(file: string, end = Infinity): AsyncGenerator<LogLine, undefined> {
  if (end === 0) return;
  for await (const text of createInterface({
    input: createReadStream(file, { end: end - 1 }),
    crlfDelay: Infinity,
  })) {
    const line = parseLogLine(text);
    if (line !== undefined) yield line;
  }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : value === undefined ? "" : String(value);
}
