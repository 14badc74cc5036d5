import assert from "node:assert/strict";
import { test } from "node:test";
import { setupLines } from "./setup.ts";

test("what stays is counted, what changes is named", () => {
  const result = {
    created: ["agent-x-low"],
    updated: ["GENESIS"],
    unchanged: ["GENESIS_DLQ", "halo", "aop"],
  };
  assert.deepEqual(setupLines(result, ["GENESIS", "GENESIS_DLQ"]), [
    "created: 0 streams, 1 consumer",
    "updated: GENESIS",
    "unchanged: 1 stream, 2 consumers",
  ]);
});
