import assert from "node:assert/strict";
import { test } from "node:test";
import { matchRun } from "./run-id.ts";

const RUNS = ["abc1", "abd2", "abc", "ffff"];

test("a whole id is meant before the ones that begin with it", () => {
  assert.deepEqual(matchRun("abc", RUNS), { is: "one", run: "abc" });
});

test("a unique beginning will do, anything else says what it is", () => {
  assert.deepEqual(matchRun("f", RUNS), { is: "one", run: "ffff" });
  assert.deepEqual(matchRun("ab", RUNS), { is: "many", runs: ["abc", "abc1", "abd2"] });
  assert.deepEqual(matchRun("x", RUNS), { is: "none" });
  assert.deepEqual(matchRun("x", []), { is: "none" });
});
