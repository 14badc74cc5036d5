import assert from "node:assert/strict";
import { test } from "node:test";
import { duration, instant, offset, timeOfDay } from "./time.ts";

test("a length of time is told in the units that matter", () => {
  const cases: [number, string][] = [
    [-5, "0 ms"],
    [0, "0 ms"],
    [0.44, "0.4 ms"],
    [9.96, "10 ms"],
    [412.4, "412 ms"],
    [1000, "1 s"],
    [2449, "2.4 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [185_000, "3 min 5 s"],
    [3_600_000, "1 h"],
    [7_500_000, "2 h 5 min"],
    [187_200_000, "2 d 4 h"],
  ];
  for (const [ms, text] of cases) assert.equal(duration(ms), text);
});

test("a distance from the begin says on which side it lies", () => {
  assert.deepEqual([0, 412.4, -2449].map(offset), ["+0 ms", "+412 ms", "-2.4 s"]);
});

test("moments are told in UTC", () => {
  const ms = Date.parse("2026-01-02T03:04:05.678Z");
  assert.equal(instant(ms), "2026-01-02T03:04:05.678Z");
  assert.equal(timeOfDay(ms), "03:04:05.678");
});
