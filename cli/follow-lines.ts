import { on } from "node:events";
import { watch } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";

/** Files that are being written to. */
export type Tail = {
  /** Where the last whole line of each file ended when the following began, in bytes: up to there, read the file yourself. */
  from: ReadonlyMap<string, number>;
  /** Every whole line that is written from there on, of files that come later as well. Ends when it is left. */
  lines: AsyncGenerator<string>;
};

const NEWLINE = 0x0a;
const CHUNK = 64 * 1024;

/** Follows the files of a folder whose names fit. @throws the file system's error when the folder cannot be read */
export async function followLines(
  folder: string,
  names: readonly string[],
  fits: (name: string) => boolean,
): Promise<Tail> {
  // Before anything is measured, so that nothing is written unnoticed.
  const watcher = watch(folder);
  const changes = on(watcher, "change") as AsyncIterableIterator<[string, string | null]>;
  const positions = new Map<string, number>();
  for (const name of names) positions.set(name, await endOfLastLine(join(folder, name)));
  const from = new Map([...positions].map(([name, at]) => [join(folder, name), at]));

  async function* lines(): AsyncGenerator<string> {
    try {
      for (const name of names) yield* await newLines(folder, name, positions);
      for await (const [, name] of changes) {
        if (name !== null && fits(name)) yield* await newLines(folder, name, positions);
      }
    } finally {
      watcher.close();
    }
  }
  return { from, lines: lines() };
}

/** The whole lines of a file behind its position, which moves on. A file that is shorter than it was began anew. */
async function newLines(folder: string, name: string, positions: Map<string, number>): Promise<string[]> {
  const file = await open(join(folder, name)).catch(() => undefined);
  if (file === undefined) return [];
  try {
    const { size } = await file.stat();
    const known = positions.get(name) ?? 0;
    const begin = size < known ? 0 : known;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - begin), 0, size - begin, begin);
    const end = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE) + 1;
    positions.set(name, begin + end);
    return buffer.toString("utf8", 0, end).split("\n").filter(Boolean);
  } finally {
    await file.close();
  }
}

async function endOfLastLine(path: string): Promise<number> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    for (let end = size; end > 0; end = Math.max(0, end - CHUNK)) {
      const begin = Math.max(0, end - CHUNK);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(end - begin), 0, end - begin, begin);
      const at = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE);
      if (at !== -1) return begin + at + 1;
    }
    return 0;
  } finally {
    await file.close();
  }
}
