import assert from "node:assert/strict";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { tryStep, type TriedStep } from "../../../test/support/try-step.ts";
import type { StepOutcome } from "../../../shared/bus/result.ts";
import { makeTree } from "../../../test/support/tree.ts";
import { MAX_FILE_BYTES } from "../audit/read-text.ts";
import type { FileList, LineCount } from "../audit/results.ts";
import { agent } from "./line-counter.ts";

async function outcomeOf(auditRoot: string, step: Partial<TriedStep> = {}): Promise<StepOutcome> {
  const made = agent({ auditRoot, resultsDir: "unused" });
  return (await tryStep(made, { taskType: "count_lines", ...step })).outcome;
}

async function counted(auditRoot: string, step: Partial<TriedStep> = {}): Promise<LineCount> {
  const outcome = await outcomeOf(auditRoot, step);
  assert.ok("completed" in outcome, JSON.stringify(outcome));
  return outcome.completed.output as LineCount;
}

function listOf(files: FileList["files"], more: Partial<FileList> = {}): FileList {
  return {
    kind: "file-list",
    root: ".",
    source: "folder",
    total: files.length,
    totalBytes: 0,
    files,
    leftOut: 0,
    skipped: { links: 0, others: 0 },
    complete: true,
    ...more,
  };
}

test("counts lines by language, the most first", async (t) => {
  const root = await makeTree(t, {
    "a.ts": "one\ntwo\nthree\n",
    "b.mts": "one\n\nno newline at the end",
    "c.py": "one\n",
    "empty.py": "",
    Dockerfile: "FROM scratch\n",
    LICENSE: "text",
  });
  const { files, lines, languages } = await counted(root);
  assert.deepEqual(languages, [
    { language: "TypeScript", files: 2, lines: 6, bytes: 40 },
    { language: "Dockerfile", files: 1, lines: 1, bytes: 13 },
    { language: "Other", files: 1, lines: 1, bytes: 4 },
    { language: "Python", files: 2, lines: 1, bytes: 4 },
  ]);
  assert.deepEqual([files, lines], [6, 9]);
});

test("does not read binary files and files over the limit, and says how many", async (t) => {
  const root = await makeTree(t, {
    "picture.ts": new Uint8Array([0x89, 0x50, 0x00, 0x0a]),
    "huge.ts": new Uint8Array(MAX_FILE_BYTES + 1).fill(10),
    "largest that is read.ts": new Uint8Array(MAX_FILE_BYTES).fill(10),
  });
  const { lines, notRead } = await counted(root);
  assert.deepEqual([lines, notRead], [MAX_FILE_BYTES, { binary: 1, tooLarge: 1, unreadable: 0 }]);
});

test("counts what the file list among its results names, when that list is whole", async (t) => {
  const root = await makeTree(t, { "listed.ts": "1\n", "other.ts": "1\n" });
  const list = listOf([{ path: "listed.ts", bytes: 2 }]);
  assert.equal((await counted(root, { results: { s7: list } })).files, 1);
  const cut = { ...list, leftOut: 1 };
  assert.equal((await counted(root, { results: { s7: cut } })).files, 2);
});

test("takes the folder from the file list when its own input names none", async (t) => {
  const root = await makeTree(t, { "sub/a.ts": "1\n", "b.ts": "1\n" });
  const list = listOf([{ path: "a.ts", bytes: 2 }], { root: "sub" });
  const { root: looked, lines } = await counted(root, { results: { any: list } });
  assert.deepEqual([looked, lines], ["sub", 1]);
});

test("a file list cannot lead outside: not by its root, its paths, or a link", async (t) => {
  const outside = await makeTree(t, { "secret.ts": "s\n" });
  const root = await makeTree(t, { "in.ts": "1\n" });
  await symlink(outside, join(root, "link"));
  const lists = [
    listOf([], { root: outside }),
    listOf([], { root: ".." }),
    listOf([{ path: "../secret.ts", bytes: 1 }]),
    listOf([{ path: join(outside, "secret.ts"), bytes: 1 }]),
    listOf([{ path: "link/secret.ts", bytes: 1 }]),
  ];
  for (const list of lists) {
    const outcome = await outcomeOf(root, { results: { files: list } });
    assert.ok("failed" in outcome);
    assert.equal(outcome.failed.error.code, "E_FORBIDDEN");
  }
});

test("a listed file that is gone, a folder now, or a link inside is not read", async (t) => {
  const root = await makeTree(t, { "real.ts": "1\n", "dir/x.ts": "1\n" });
  await symlink("real.ts", join(root, "alias.ts"));
  const files = ["gone.ts", "dir", "alias.ts", "real.ts"].map((path) => ({ path, bytes: 2 }));
  const { lines, notRead } = await counted(root, { results: { files: listOf(files) } });
  assert.deepEqual([lines, notRead.unreadable], [1, 3]);
});

test("does not hold up the process while it reads", async (t) => {
  const megabyte = "some words on a line\n".repeat(50_000);
  const root = await makeTree(
    t,
    Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`f${i}.ts`, megabyte])),
  );
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  t.after(() => clearInterval(timer));
  const { lines } = await counted(root);
  assert.equal(lines, 2_000_000);
  assert.ok(turns >= 10, `others had ${turns} turns meanwhile`);
});
