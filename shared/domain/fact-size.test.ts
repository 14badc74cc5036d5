import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_FACT_BYTES } from "../contract/envelope.ts";
import { ENVELOPE_BYTES, fitsInFact } from "./fact-size.ts";

/** Data of exactly this many bytes as JSON. */
const dataOf = (bytes: number, character = "x") => {
  const width = new TextEncoder().encode(character).length;
  const rest = bytes - 2;
  return character.repeat(Math.floor(rest / width)) + "x".repeat(rest % width);
};

test("data fits as long as there is room for the envelope, however wide its characters are", () => {
  const room = MAX_FACT_BYTES - ENVELOPE_BYTES;
  for (const character of ["x", "\u00e9", "\u20ac", "\u{1f600}"]) {
    assert.equal(fitsInFact(dataOf(room, character)), true, character);
    assert.equal(fitsInFact(dataOf(room + 1, character)), false, character);
  }
  assert.equal(fitsInFact({}), true);
});
