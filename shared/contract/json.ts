import { GenesisError } from "./errors.ts";

/** How deep objects and arrays may nest in anything that comes from outside. */
export const MAX_DEPTH = 32;
/** How deep they may nest in a fact, which holds what came from outside some levels further down: results by step, inputs of steps. */
export const MAX_FACT_DEPTH = 64;

/** Whoever copies an object with such a key, field by field, changes the prototype of the copy. Other keys are only keys. */
const FORBIDDEN_KEY = "__proto__";
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Parses bytes from outside as JSON, and refuses what a plain `JSON.parse` lets through: invalid UTF-8, a byte
 * order mark, NUL, half characters, nesting that would overflow a stack later, and a key that reaches for the prototype.
 * @throws GenesisError `E_ENCODING` or `E_JSON`
 */
export function parseJson(bytes: Uint8Array, maxDepth: number = MAX_DEPTH): unknown {
  const text = decodeUtf8(bytes);
  if (nestsTooDeep(text, maxDepth))
    throw new GenesisError("E_JSON", [{ path: "", rule: `at most ${maxDepth} levels` }]);
  try {
    // A reviver visits every value; that is only needed when an escape or such a key is in the text.
    return mayHoldForbidden(text) ? JSON.parse(text, refuseForbidden) : JSON.parse(text);
  } catch (error) {
    if (error instanceof GenesisError) throw error;
    throw new GenesisError("E_JSON", [{ path: "", rule: "must be well-formed JSON" }]);
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new GenesisError("E_ENCODING", [{ path: "", rule: "UTF-8" }]);
  }
  if (text.startsWith("\uFEFF") || text.includes("\0")) {
    throw new GenesisError("E_ENCODING", [{ path: "", rule: "no byte order mark, no NUL" }]);
  }
  return text;
}

function mayHoldForbidden(text: string): boolean {
  return text.includes("\\u") || text.includes(FORBIDDEN_KEY);
}

function refuseForbidden(key: string, value: unknown): unknown {
  if (key === FORBIDDEN_KEY)
    throw new GenesisError("E_JSON", [{ path: "", rule: `no key ${FORBIDDEN_KEY}` }]);
  // Half of a surrogate pair, escaped, is no character: it has no UTF-8 and no canonical JSON (RFC 8785, 3.2.2.2) to hash.
  if (!key.isWellFormed() || (typeof value === "string" && !value.isWellFormed()))
    throw new GenesisError("E_ENCODING", [{ path: "", rule: "whole characters" }]);
  return value;
}

const QUOTE = 34;
const BACKSLASH = 92;
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [91, 93, 123, 125];

/** Counts brackets outside strings, before anything recursive sees the text. */
function nestsTooDeep(text: string, maxDepth: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    // Most of a text are strings, and a search passes over them a hundred times faster than a look at each character.
    if (c === QUOTE) i = endOfString(text, i);
    else if (c === OPEN_LIST || c === OPEN_OBJECT) {
      if (++depth > maxDepth) return true;
    } else if (c === CLOSE_LIST || c === CLOSE_OBJECT) depth--;
  }
  return false;
}

/** The place of the quote that closes the string which opens at `open`; the end of the text where none does. */
function endOfString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  while (close !== -1 && isEscaped(text, close)) close = text.indexOf('"', close + 1);
  return close === -1 ? text.length : close;
}

/** A character is escaped by an odd number of backslashes before it. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}
