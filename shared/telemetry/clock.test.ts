import assert from "node:assert/strict";
import { test } from "node:test";
import { now } from "./clock.ts";

const toMs = ([seconds, ns]: readonly [number, number]): number => seconds * 1000 + ns / 1e6;

test("it agrees with the wall clock and is finer than a millisecond", () => {
  assert.ok(Math.abs(toMs(now()) - Date.now()) < 3);
  const fractions = Array.from({ length: 20 }, () => now()[1] % 1e6);
  assert.ok(fractions.some((ns) => ns !== 0));
});

test("it never runs backwards", () => {
  const times = Array.from({ length: 1000 }, () => toMs(now()));
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
});

for (const setByMs of [3_600_000, -3_600_000]) {
  test(`after the wall clock was set by ${setByMs} ms it follows it, there and back`, (t) => {
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() + setByMs });
    assert.ok(Math.abs(toMs(now()) - Date.now()) < 3);
    t.mock.timers.reset();
    assert.ok(Math.abs(toMs(now()) - Date.now()) < 3);
  });
}
