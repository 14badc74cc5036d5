import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { estimate, medianOf, seededRandom, verdictOn, type Estimate } from "./statistics.ts";

describe("the statistics of paired blocks", () => {
  it("takes the middle value, and the mean of the two in the middle", () => {
    assert.equal(medianOf([9, 1, 5]), 5);
    assert.equal(medianOf([9, 1, 5, 7]), 6);
    assert.ok(Number.isNaN(medianOf([])));
  });

  it("gives equal values an interval of no width, and scattered ones a wide one around the median", () => {
    assert.deepEqual(estimate([2, 2, 2, 2], seededRandom(1)), { median: 2, low: 2, high: 2 });
    const { median, low, high } = estimate([-5, -1, 0, 1, 2, 9], seededRandom(1));
    assert.equal(median, 0.5);
    assert.ok(low < 0 && high > 1, `${low} to ${high}`);
  });

  it("holds the true median in about 95 of 100 experiments", () => {
    const random = seededRandom(7);
    const experiments = Array.from({ length: 200 }, () => {
      const values = Array.from({ length: 12 }, () => random() - 0.5);
      const { low, high } = estimate(values, random);
      return low <= 0 && 0 <= high;
    });
    const held = experiments.filter(Boolean).length / experiments.length;
    assert.ok(held > 0.88 && held <= 1, `${held}`);
  });

  it("repeats itself from the same seed", () => {
    const values = [3, 1, 4, 1, 5, 9];
    assert.deepEqual(estimate(values, seededRandom(42)), estimate(values, seededRandom(42)));
  });
});

function around(median: number, spread: number): Estimate {
  return { median, low: median - spread, high: median + spread };
}

describe("the verdict", () => {
  const quiet = around(0, 0.2);
  const noisy = around(0.5, 4);

  it("is within where the whole interval keeps the goal and the noise is smaller than the goal", () => {
    assert.equal(verdictOn(around(0.5, 0.3), 1, quiet), "within");
  });

  it("is beyond where the whole interval lies above the goal and the noise", () => {
    assert.equal(verdictOn(around(3, 1), 1, quiet), "beyond");
    assert.equal(verdictOn(around(30, 10), 1, noisy), "beyond");
  });

  it("is likely beyond where the whole interval lies above the goal, and two equal things differ by as much", () => {
    assert.equal(verdictOn(around(3, 1), 1, noisy), "likely beyond");
  });

  it("is unknown where the interval holds the goal, or two equal things differ by more than it", () => {
    assert.equal(verdictOn(around(1, 0.5), 1, quiet), "unknown");
    assert.equal(verdictOn(around(0.5, 0.3), 1, noisy), "unknown");
  });
});
