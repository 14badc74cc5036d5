import assert from "node:assert/strict";
import { test } from "node:test";
import { outputText } from "./agent-output.ts";

test("people see the text that is meant for them, and else everything", () => {
  assert.equal(outputText({ text: "Sales plan\n1. offer", simulated: true }, 40), "Sales plan⏎1. offer");
  assert.equal(outputText({ kind: "report", markdown: "# Audit" }, 40), "# Audit");
  assert.equal(outputText({ text: 7, files: 12 }, 40), '{"text":7,"files":12}');
  assert.equal(outputText("plain", 40), "plain");
  assert.equal(outputText(null, 40), "null");
  assert.equal(outputText([1, 2], 40), "[1,2]");
});

test("of an output that is too large to stand here, people see where it is", () => {
  const reference = { $ref: "genesis.v1.step.completed.r.a", bytes: 300_000, sha256: "0".repeat(64) };
  assert.equal(outputText(reference, 80), "300000 bytes, in genesis.v1.step.completed.r.a");
});
