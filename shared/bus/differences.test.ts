import assert from "node:assert/strict";
import { test } from "node:test";
import { differencesOf, isSafe } from "./differences.ts";

test("only what is wanted and is not so is a difference", () => {
  const have = { max_bytes: 5, storage: "file", num_replicas: 3 };
  const want = { max_bytes: 5, storage: "file", max_age: 0, deny_delete: false };
  assert.deepEqual(differencesOf("LOG", have, want), []);
  assert.deepEqual(differencesOf("LOG", have, { max_bytes: 6, deny_delete: true }), [
    { of: "LOG", setting: "max_bytes", have: 5, want: 6 },
    { of: "LOG", setting: "deny_delete", have: false, want: true },
  ]);
});

for (const [setting, have, want, safe] of [
  ["max_bytes", 5, 6, true],
  ["max_bytes", 6, 5, false],
  ["max_bytes", 6, -1, true],
  ["max_bytes", -1, 6, false],
  ["max_age", 0, 10, false],
  ["max_age", 10, 0, true],
  ["deny_delete", false, true, true],
  ["deny_delete", true, false, false],
  ["filter_subjects", ["a"], ["a", "b"], true],
  ["filter_subjects", ["a", "b"], ["a"], false],
  ["max_ack_pending", 5, 2, true],
  ["retention", "limits", "workqueue", false],
  ["max_msgs_per_subject", 1, 2, false],
  ["discard", "new", "old", false],
] as const) {
  test(`${setting} from ${JSON.stringify(have)} to ${JSON.stringify(want)} is ${safe ? "safe" : "refused"}`, () => {
    assert.equal(isSafe({ of: "X", setting, have, want }), safe);
  });
}
