import { buffer } from "node:stream/consumers";
import { openInside } from "./root.ts";

/** A larger part of a repository is not read: the index of half a million files has this size. */
const MAX_PART_BYTES = 64 * 1024 * 1024;

/** A file of a `.git` folder; undefined where there is none, or a link instead. @param name relative to that folder */
export async function readPart(dir: string, name: string): Promise<Buffer | "too large" | undefined> {
  const file = await openInside({ path: dir }, name);
  if (file === undefined) return undefined;
  try {
    const end = MAX_PART_BYTES;
    const content = await buffer(file.createReadStream({ start: 0, end, autoClose: false }));
    return content.length > MAX_PART_BYTES ? "too large" : content;
  } finally {
    await file.close();
  }
}

/** The same as text; empty where there is none or it is too large. */
export async function readPartAsText(dir: string, name: string): Promise<string> {
  const content = await readPart(dir, name);
  return typeof content === "object" ? content.toString("utf8") : "";
}
