import { readPartAsText } from "./read-part.ts";

const OBJECT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** A name below `refs/`, whose parts do not begin with a dot: that rules out `..`, and what git calls invalid itself. */
const REFERENCE = /^ref: (refs(?:\/[^/\s.][^/\s]*)+)$/;
/** As far as git itself follows names that name names. */
const MAX_HOPS = 5;

/**
 * The id of the commit that a repository's `HEAD` names; `head` is undefined before the first commit. Undefined where there is no `HEAD`
 * that can be followed through plain files.
 */
export async function headOf(dir: string): Promise<{ head: string | undefined } | undefined> {
  let text = await readPartAsText(dir, "HEAD");
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    const value = text.trim();
    if (OBJECT_ID.test(value)) return { head: value };
    const [, name] = REFERENCE.exec(value) ?? [];
    if (name === undefined) return undefined;
    text = (await readPartAsText(dir, name)) || (await packedId(dir, name));
    if (text === "") return { head: undefined };
  }
  return undefined;
}

async function packedId(dir: string, name: string): Promise<string> {
  for (const line of (await readPartAsText(dir, "packed-refs")).split("\n"))
    if (line.endsWith(` ${name}`)) return line.slice(0, -name.length - 1);
  return "";
}
