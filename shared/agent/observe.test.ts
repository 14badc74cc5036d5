import assert from "node:assert/strict";
import { test } from "node:test";
import { observe } from "./observe.ts";

test("an attempt that succeeded is timed", () => {
  assert.deepEqual(
    observe({ agent: "a", durationMs: 1500, ending: { outcome: "completed" }, usage: undefined }),
    {
      attributes: {},
      points: [{ metric: "stepSeconds", labels: { agent: "a", outcome: "completed" }, value: 1.5 }],
    },
  );
});

test("an attempt that failed is timed, and its span carries the code", () => {
  assert.deepEqual(
    observe({ agent: "a", durationMs: 2, ending: { outcome: "failed", error: "E_INPUT" }, usage: undefined }),
    {
      attributes: { "error.type": "E_INPUT" },
      points: [{ metric: "stepSeconds", labels: { agent: "a", outcome: "failed" }, value: 0.002 }],
    },
  );
});

test("an attempt that was told to stop has not failed", () => {
  const ending = { outcome: "stopped", stoppedFor: "drain" } as const;
  assert.deepEqual(observe({ agent: "a", durationMs: 2, ending, usage: undefined }), {
    attributes: { "genesis.stopped_for": "drain" },
    points: [{ metric: "stepSeconds", labels: { agent: "a", outcome: "stopped" }, value: 0.002 }],
  });
});

test("what an attempt spent is counted for its agent and told on its span, failed or not", () => {
  const usage = { inputTokens: 120, outputTokens: 30, costMicroUsd: 450 };
  assert.deepEqual(
    observe({ agent: "a", durationMs: 2, ending: { outcome: "failed", error: "E_AGENT" }, usage }),
    {
      attributes: {
        "error.type": "E_AGENT",
        "gen_ai.usage.input_tokens": 120,
        "gen_ai.usage.output_tokens": 30,
        "genesis.cost_micro_usd": 450,
      },
      points: [
        { metric: "stepSeconds", labels: { agent: "a", outcome: "failed" }, value: 0.002 },
        { metric: "tokens", labels: { agent: "a", type: "input" }, value: 120 },
        { metric: "tokens", labels: { agent: "a", type: "output" }, value: 30 },
        { metric: "cost", labels: { agent: "a" }, value: 450 },
      ],
    },
  );
});
