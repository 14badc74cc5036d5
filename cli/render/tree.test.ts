import assert from "node:assert/strict";
import { test } from "node:test";
import { drawTree } from "./tree.ts";

const draw = (children: Record<string, string[]>, ...roots: string[]): string[] =>
  drawTree(roots, (node) => children[node] ?? []).map(({ branches, node }) => branches + node);

test("children hang on branches, the last one on a corner", () => {
  assert.deepEqual(draw({ a: ["b", "c"], b: ["d"], c: ["e"] }, "a", "f"), [
    "a",
    "├─ b",
    "│  └─ d",
    "└─ c",
    "   └─ e",
    "f",
  ]);
});

test("what would go round in circles is drawn once", () => {
  assert.deepEqual(draw({ a: ["b"], b: ["a"] }, "a", "b"), ["a", "└─ b"]);
});
