import { ERRORS, type ErrorCode } from "../../shared/contract/errors.ts";

/**
 * How text from outside gets into a finding: cut, so that no plan can make a verdict too large to store, and free of
 * control characters, so that nothing in it can play tricks on a terminal.
 */
const MAX_CHARACTERS = 80;
const MAX_NAMES = 6;
/** A reason that another stage gave may be a sentence or two. */
const MAX_REASON_CHARACTERS = 200;

/** Text from outside, in quotes. */
export function quoted(text: string): string {
  return `"${shortened(text)}"`;
}

/** Text from outside as part of a sentence. */
export function shortened(text: string, atMost = MAX_CHARACTERS): string {
  const flat = text
    .slice(0, 2 * atMost)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .toWellFormed();
  return flat.length <= atMost ? flat : `${flat.slice(0, atMost - 1).toWellFormed()}…`;
}

/** A reason that another stage gave, as part of a sentence. */
export function reasonOf(text: string): string {
  return shortened(text, MAX_REASON_CHARACTERS);
}

/** Some names as part of a sentence: the first six, and how many more there are. */
export function listed(names: readonly string[], separator = ", "): string {
  const more = names.length - MAX_NAMES;
  const shown = names.slice(0, MAX_NAMES).map((name) => shortened(name));
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(separator);
}

/** The code that a reason from another stage begins with, e.g. `E_TOO_LARGE`, or the one given. */
export function codeOf(reason: string, otherwise: ErrorCode): ErrorCode {
  const [first = ""] = reason.split(/[^A-Z_]/, 1);
  return Object.hasOwn(ERRORS, first) ? (first as ErrorCode) : otherwise;
}

/** The name that was probably meant, or undefined when none is near: one letter wrong, missing, too many or swapped, or two in a longer name. */
export function nearest(written: string, names: Iterable<string>): string | undefined {
  const all = [...names];
  for (let edits = 1; edits <= Math.min(2, Math.ceil(written.length / 3)); edits++) {
    const near = all.find((name) => isWithin(written, name, edits));
    if (near !== undefined) return near;
  }
  return undefined;
}

/** Whether so many edits (a letter changed, left out, put in, or swapped with its neighbour) make one text of the other. */
function isWithin(a: string, b: string, edits: number): boolean {
  if (Math.abs(a.length - b.length) > edits) return false;
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  const [x, y] = [a.slice(same), b.slice(same)];
  if (x === y) return true;
  if (edits === 0) return false;
  return (
    isWithin(x.slice(1), y.slice(1), edits - 1) ||
    isWithin(x.slice(1), y, edits - 1) ||
    isWithin(x, y.slice(1), edits - 1) ||
    (x[0] === y[1] && x[1] === y[0] && isWithin(x.slice(2), y.slice(2), edits - 1))
  );
}
