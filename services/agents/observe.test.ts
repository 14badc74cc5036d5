import assert from "node:assert/strict";
import { test } from "node:test";
import { GenesisError } from "../../shared/contract/errors.ts";
import { observe } from "./observe.ts";

test("an attempt that succeeded is timed", () => {
  assert.deepEqual(observe({ agent: "a", durationMs: 1500, error: undefined }), {
    attributes: {},
    points: [{ metric: "stepSeconds", labels: { agent: "a", outcome: "completed" }, value: 1.5 }],
  });
});

test("an attempt that failed is timed, and its span carries the code", () => {
  const error = new GenesisError("E_INPUT").toJSON();
  assert.deepEqual(observe({ agent: "a", durationMs: 2, error }), {
    attributes: { "error.type": "E_INPUT" },
    points: [{ metric: "stepSeconds", labels: { agent: "a", outcome: "failed" }, value: 0.002 }],
  });
});
