import assert from "node:assert/strict";
import { test } from "node:test";
import { tryStep } from "../../../test/support/try-step.ts";
import { makeTree } from "../../../test/support/tree.ts";
import type { LargeFiles } from "../audit/results.ts";
import { agent } from "./large-file-finder.ts";

async function found(auditRoot: string): Promise<LargeFiles> {
  const made = agent({ auditRoot, resultsDir: "unused" });
  const { outcome } = await tryStep(made, { taskType: "find_large_files" });
  assert.ok("completed" in outcome, JSON.stringify(outcome));
  return outcome.completed.output as LargeFiles;
}

const KIB = 1024;

test("finds the files over 100 KiB, the largest first", async (t) => {
  const root = await makeTree(t, {
    "small.txt": "s",
    "just not.bin": new Uint8Array(100 * KIB),
    "b/large.bin": new Uint8Array(100 * KIB + 1),
    "largest.bin": new Uint8Array(300 * KIB),
    "a/large.bin": new Uint8Array(100 * KIB + 1),
  });
  const { files, total, totalBytes, leftOut } = await found(root);
  assert.deepEqual(files, [
    { path: "largest.bin", bytes: 300 * KIB },
    { path: "a/large.bin", bytes: 100 * KIB + 1 },
    { path: "b/large.bin", bytes: 100 * KIB + 1 },
  ]);
  assert.deepEqual([total, totalBytes, leftOut], [3, 500 * KIB + 2, 0]);
});

test("shows twenty and says how many more there are", async (t) => {
  const large = new Uint8Array(101 * KIB);
  const root = await makeTree(t, Object.fromEntries(Array.from({ length: 23 }, (_, i) => [`f${i}`, large])));
  const { files, total, leftOut } = await found(root);
  assert.deepEqual([files.length, total, leftOut], [20, 23, 3]);
});
