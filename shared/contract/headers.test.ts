import assert from "node:assert/strict";
import { test } from "node:test";
import { correlationIdOf, headerOf, idempotencyKeyOf } from "./headers.ts";

const keyed = (key: string) => idempotencyKeyOf(new Map([["idempotency-key", [key]]]));
const isHeaderError = { name: "GenesisError", code: "E_HEADER" };

test("a key is taken as it is", () => {
  for (const key of ["k", "two words", "!~", "k".repeat(200)]) assert.equal(keyed(key), key);
  assert.equal(idempotencyKeyOf(new Map()), undefined);
});

test("a key that could be another one for who sent it is refused", () => {
  for (const key of ["", " ", "key ", " key", "key\t", "k".repeat(201), "schl\u00fcssel"])
    assert.throws(() => keyed(key), isHeaderError, JSON.stringify(key));
});

test("blanks around other values are no part of them", () => {
  const headers = new Map([["correlation-id", ["  mine "]]]);
  assert.equal(headerOf(headers, "correlation-id"), "mine");
  assert.equal(correlationIdOf(headers), "mine");
  assert.throws(() => correlationIdOf(new Map([["correlation-id", ["not mine"]]])), isHeaderError);
});
