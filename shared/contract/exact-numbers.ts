import { GenesisError } from "./errors.ts";

/** Only numbers of 16 digits and more may be rounded to another whole number, and only an exponent of three digits is too much. */
const MAY_BE_INEXACT = /[\d.]{16}|\d[eE]\+?\d{3}/;
const NUMBER = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * Refuses numbers that would be stored as others: too large ones, which JSON has no word for and would make null, and
 * whole ones, however they are spelled, that `JSON.parse` only comes near: an account number in an input would be
 * another one's. @param bytes a text that was parsed before. @throws GenesisError `E_SCHEMA`
 */
export function refuseInexact(bytes: Uint8Array): void {
  const text = new TextDecoder().decode(bytes);
  if (MAY_BE_INEXACT.test(text)) JSON.parse(text, refuseIfInexact);
}

function refuseIfInexact(_key: string, value: unknown, { source = "" }: { source?: string } = {}): unknown {
  if (typeof value !== "number") return value;
  if (!Number.isFinite(value)) throw inexact("numbers that are at most 1.79e308");
  const given = wholeNumber(source);
  if (given === undefined || given === wholeNumber(String(value))) return value;
  throw inexact("whole numbers from -(2^53 - 1) to 2^53 - 1");
}

/** The significant digits of a whole number and the zeros after them, the same for all of its spellings; undefined for a fraction. */
function wholeNumber(text: string): string | undefined {
  const [, whole = "", fraction = "", exponent = "0"] = NUMBER.exec(text) ?? [];
  const digits = whole + fraction;
  let first = 0;
  while (digits[first] === "0") first++;
  let end = digits.length;
  // By hand: a pattern for the zeros at an end looks from each zero on again.
  while (end > first && digits[end - 1] === "0") end--;
  if (end === first) return "0";
  const zeros = Number(exponent) - fraction.length + digits.length - end;
  return zeros < 0 ? undefined : `${digits.slice(first, end)}e${zeros}`;
}

function inexact(rule: string): GenesisError {
  return new GenesisError("E_SCHEMA", [{ path: "", rule }]);
}
