import type { FileHandle } from "node:fs/promises";
import { openInside, type AuditFolder } from "./root.ts";

/** A larger file is not read; it counts as skipped. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** Git calls a file binary when there is a NUL among its first 8,000 bytes; so do we. */
const SNIFFED_BYTES = 8000;

/** Why files were not read: how many of each. */
export type NotRead = { binary: number; tooLarge: number; unreadable: number };

/** Hands a text file to `read` and closes it after. Undefined, and one more in `notRead`, for a file that is not text or is too large. */
export async function withText<R>(
  { folder, notRead }: { folder: AuditFolder; notRead: NotRead },
  path: string,
  read: (file: FileHandle) => Promise<R>,
): Promise<R | undefined> {
  const file = await openInside(folder, path);
  if (file === undefined) {
    notRead.unreadable++;
    return undefined;
  }
  try {
    const why = await whyNotText(file);
    if (why === undefined) return await read(file);
    notRead[why]++;
    return undefined;
  } finally {
    await file.close();
  }
}

async function whyNotText(file: FileHandle): Promise<"tooLarge" | "binary" | undefined> {
  if ((await file.stat()).size > MAX_FILE_BYTES) return "tooLarge";
  const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFFED_BYTES), 0, SNIFFED_BYTES, 0);
  return buffer.subarray(0, bytesRead).includes(0) ? "binary" : undefined;
}

/** What a stream over a file must be opened with: from its beginning, no further than the limit even if it grows. */
export const WHOLE_FILE = { start: 0, end: MAX_FILE_BYTES - 1, autoClose: false } as const;
