import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredEvent } from "../contract/events.ts";
import { timeLeftMs } from "./attempt.ts";

const dispatched = (storedAtMs: number, timeoutMs: number) =>
  ({ storedAtMs, data: { timeoutMs } }) as StoredEvent<"step.dispatched">;

test("an attempt has its timeout, counted from when the broker stored its dispatch", () => {
  assert.equal(timeLeftMs(dispatched(1_000_000, 5000), 1_000_000), 5000);
  assert.equal(timeLeftMs(dispatched(1_000_000, 5000), 1_002_000), 3000);
});

test("a clock that is wrong by hours takes no attempt its time, and gives it none", () => {
  assert.equal(timeLeftMs(dispatched(1_000_000, 5000), 1_000_000 + 3_600_000), 5000);
  assert.equal(timeLeftMs(dispatched(1_000_000, 5000), 1_000_000 - 3_600_000), 5000);
});

test("a timeout of months is as long as a timer can be", () => {
  assert.equal(timeLeftMs(dispatched(0, 1e12), 0), 2 ** 31 - 1);
});
