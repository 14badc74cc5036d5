import assert from "node:assert/strict";
import { test } from "node:test";
import { PLAIN } from "./paint.ts";
import { idWidth, runTable, type RunSummary } from "./runs.ts";

const summary = (run: string, more: Partial<RunSummary> = {}): RunSummary => ({
  run,
  state: "running",
  goal: "Do it",
  priority: "normal",
  submittedAt: "2026-01-01T00:00:00.000Z",
  durationMs: 1500,
  steps: { done: 1, all: 3, made: [] },
  ...more,
});

test("runs are a table: how each stands, for how long, and what it is about", () => {
  const done = {
    state: "finished" as const,
    outcome: "failed" as const,
    goal: "Do\u0007 that",
    steps: { done: 0, all: 0, made: [] },
  };
  const played = { steps: { done: 3, all: 3, made: ["2 simulated", "1 text only"] } };
  const runs = [summary("a".repeat(32)), summary("b".repeat(32), done), summary("c".repeat(32), played)];
  assert.deepEqual(runTable(runs, Date.parse("2026-01-01T00:02:00Z"), PLAIN), [
    "RUN       STATE    STEPS                             TOOK   SUBMITTED  GOAL",
    "aaaaaaaa  running  1 of 3                            1.5 s  2 min ago  Do it",
    "bbbbbbbb  failed                                     1.5 s  2 min ago  Do\\u0007 that",
    "cccccccc  running  3 of 3, 2 simulated, 1 text only  1.5 s  2 min ago  Do it",
  ]);
});

test("ids are as long as it takes to tell them apart", () => {
  assert.equal(idWidth(["0123456789", "9876543210"]), 8);
  assert.equal(idWidth(["0123456789", "0123456798"]), 9);
  assert.equal(idWidth(["short"]), 8);
  assert.equal(idWidth([]), 8);
});
