import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** A log that a child process appends to. `fd` is for the child; close it here once the child has it. */
export type LogFile = { fd: number; close(): void; tail(): string };

/** A file past this size is set aside as `<name>.1` when its process starts, in place of the one before. */
const MAX_BYTES = 64 * 1024 * 1024;
const TAIL_BYTES = 4096;

/** Opens a log for appending, and makes its folder. `tail` is the last line that was written since, for a person to read. */
export function openLog(path: string): LogFile {
  mkdirSync(dirname(path), { recursive: true });
  setAsideWhenLarge(path);
  const fd = openSync(path, "a", 0o600);
  const begin = fstatSync(fd).size;
  return { fd, close: () => closeSync(fd), tail: () => lastLine(path, begin) };
}

/** Sets a file aside when it has grown too large, as its next writer starts. */
export function setAsideWhenLarge(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MAX_BYTES) renameSync(path, `${path}.1`);
}

function lastLine(path: string, begin: number): string {
  try {
    const fd = openSync(path, "r");
    try {
      const { size } = fstatSync(fd);
      const from = Math.max(begin, size - TAIL_BYTES);
      const buffer = Buffer.alloc(Math.max(0, size - from));
      readSync(fd, buffer, 0, buffer.length, from);
      return buffer.toString("utf8").trim().split("\n").at(-1) ?? "";
    } finally {
      closeSync(fd);
    }
  } catch {
    return ""; // Somebody has deleted it, which is theirs to do.
  }
}
