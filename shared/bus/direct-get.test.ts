import assert from "node:assert/strict";
import { test } from "node:test";
import { millisecondsOf, nanosecondsOf } from "./direct-get.ts";

test("the broker's times are exact to the nanosecond", () => {
  assert.equal(nanosecondsOf("2026-11-24T07:54:49.450307324Z"), "1795506889450307324");
  assert.equal(nanosecondsOf("2026-11-24T07:54:49.4503Z"), "1795506889450300000");
  assert.equal(nanosecondsOf("2026-11-24T07:54:49Z"), "1795506889000000000");
});

test("milliseconds are whole ones", () => {
  assert.equal(millisecondsOf("1795506889450999999"), 1795506889450);
});
