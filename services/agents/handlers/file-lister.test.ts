import assert from "node:assert/strict";
import { mkdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { tryStep, type TriedStep } from "../../../test/support/try-step.ts";
import { notRun } from "../../../test/support/not-run.ts";
import { hasProgram } from "../../../test/support/programs.ts";
import { addFiles, commitAll, makeTree } from "../../../test/support/tree.ts";
import type { FileList } from "../audit/results.ts";
import { agent } from "./file-lister.ts";

const tried = (auditRoot: string, step: Partial<TriedStep> = {}) =>
  tryStep(agent({ auditRoot, resultsDir: "unused" }), { taskType: "list_files", ...step });

async function listed(auditRoot: string, step: Partial<TriedStep> = {}): Promise<FileList> {
  const { outcome } = await tried(auditRoot, step);
  assert.ok("completed" in outcome, JSON.stringify(outcome));
  return outcome.completed.output as FileList;
}

async function refused(auditRoot: string, root: string): Promise<unknown> {
  const { outcome } = await tried(auditRoot, { input: { root } });
  assert.ok("failed" in outcome);
  const { code, retryable } = outcome.failed.error;
  return { code, retryable };
}

const FORBIDDEN = { code: "E_FORBIDDEN", retryable: false };

test("lists the files of a folder with their sizes, without .git, node_modules and .genesis", async (t) => {
  const root = await makeTree(t, {
    "readme.md": "# hi\n",
    "src/naïve file 🚀.ts": "1",
    "node_modules/x/index.js": "no",
    "deep/node_modules/y.js": "no",
    ".git/config": "no",
    ".genesis/nats.conf": "no",
  });
  assert.deepEqual(await listed(root), {
    kind: "file-list",
    root: ".",
    source: "folder",
    total: 2,
    totalBytes: 6,
    files: [
      { path: "readme.md", bytes: 5 },
      { path: "src/naïve file 🚀.ts", bytes: 1 },
    ],
    leftOut: 0,
    skipped: { links: 0, others: 0 },
    complete: true,
  });
});

test("takes a folder inside the root, by its relative or absolute name", async (t) => {
  const root = await makeTree(t, { "a/b/c.txt": "c", "top.txt": "t" });
  const byName = await listed(root, { input: { root: "a/../a/b" } });
  assert.deepEqual([byName.root, byName.files], ["a/b", [{ path: "c.txt", bytes: 1 }]]);
  assert.deepEqual(await listed(root, { input: { root: join(root, "a/b") } }), byName);
});

test("refuses every way out of the root, and tells nothing about what is there", async (t) => {
  const outside = await makeTree(t, { "secret.txt": "s" });
  const root = await makeTree(t, { "in.txt": "i" });
  await symlink(outside, join(root, "link-out"));
  await symlink("..", join(root, "link-up"));
  for (const asked of ["..", "../..", outside, "/", "link-out", "link-up", "a/../..", "../does-not-exist"])
    assert.deepEqual(await refused(root, asked), FORBIDDEN, asked);
});

test("a folder beside the root whose name begins like it is outside, one that begins with two dots is not", async (t) => {
  const parent = await makeTree(t, { "root/..dots/in.txt": "i", "root-2/out.txt": "o" });
  assert.deepEqual(await refused(join(parent, "root"), "../root-2"), FORBIDDEN);
  assert.equal((await listed(join(parent, "root"), { input: { root: "..dots" } })).total, 1);
});

test("what is missing, is a file, or is no path at all is bad input", async (t) => {
  const root = await makeTree(t, { "file.txt": "f" });
  for (const asked of ["nothing", "file.txt", "a\0b", "x".repeat(5000)])
    assert.deepEqual(await refused(root, asked), { code: "E_INPUT", retryable: false }, asked);
});

test("counts symbolic links and does not follow them, not even to a folder inside", async (t) => {
  const outside = await makeTree(t, { "secret.txt": "s" });
  const root = await makeTree(t, { "real/a.txt": "a" });
  await symlink(outside, join(root, "out"));
  await symlink(join(root, "real"), join(root, "again"));
  await symlink("nowhere", join(root, "dangling"));
  const { files, skipped } = await listed(root);
  assert.deepEqual(files, [{ path: "real/a.txt", bytes: 1 }]);
  assert.deepEqual(skipped, { links: 3, others: 0 });
});

test("in a git work tree: what git knows and what is new, not what is ignored or deleted", async (t) => {
  if (!hasProgram("git")) return notRun(t, "git is not installed");
  const root = await makeTree(t, {
    ".gitignore": "*.log\nbuild/\n",
    "kept.txt": "k",
    "gone.txt": "g",
    "sub/deep.txt": "d",
  });
  commitAll(root, { author: "Ada", date: "2026-01-01T00:00:00Z", subject: "one" });
  await addFiles(root, { "new ü.txt": "n", "noise.log": "x", "build/out.js": "x", "node_modules/a.js": "x" });
  await rm(join(root, "gone.txt"));
  const all = await listed(root);
  assert.equal(all.source, "git");
  assert.deepEqual(
    all.files.map((file) => file.path),
    [".gitignore", "kept.txt", "new ü.txt", "sub/deep.txt"],
  );
  const below = await listed(root, { input: { root: "sub" } });
  assert.deepEqual(below.files, [{ path: "deep.txt", bytes: 1 }]);
});

test("a folder that git knows and that has become a link is not looked into", async (t) => {
  if (!hasProgram("git")) return notRun(t, "git is not installed");
  const outside = await makeTree(t, { "a.txt": "the size of this is a secret" });
  const root = await makeTree(t, { "sub/a.txt": "1", "kept.txt": "k" });
  commitAll(root, { author: "Ada", date: "2026-01-01T00:00:00Z", subject: "one" });
  await rm(join(root, "sub"), { recursive: true });
  await symlink(outside, join(root, "sub"));
  const { files, skipped } = await listed(root);
  assert.deepEqual(files, [{ path: "kept.txt", bytes: 1 }]);
  assert.deepEqual(skipped, { links: 2, others: 0 });
});

test("a repository that begins above the root is not looked at", async (t) => {
  if (!hasProgram("git")) return notRun(t, "git is not installed");
  const parent = await makeTree(t, { ".gitignore": "*.log\n", "root/a.log": "a" });
  commitAll(parent, { author: "Ada", date: "2026-01-01T00:00:00Z", subject: "one" });
  const { source, files } = await listed(join(parent, "root"));
  assert.deepEqual([source, files], ["folder", [{ path: "a.log", bytes: 1 }]]);
});

test("a repository cannot make the lister run a program", async (t) => {
  if (!hasProgram("git")) return notRun(t, "git is not installed");
  const root = await makeTree(t, { "a.txt": "a" });
  commitAll(root, { author: "Ada", date: "2026-01-01T00:00:00Z", subject: "one" });
  const proof = join(root, "proof");
  await addFiles(root, { ".git/config": `[core]\n\tfsmonitor = "touch '${proof}'; false"\n` });
  const { files } = await listed(root);
  assert.deepEqual(
    files.map((file) => file.path),
    ["a.txt"],
  );
});

test("a long list is cut, and says how much was left out", async (t) => {
  const names = Array.from({ length: 600 }, (_, i) => `${"x".repeat(240)}-${i}`);
  const root = await makeTree(t, Object.fromEntries(names.map((name) => [name, ""])));
  const list = await listed(root);
  assert.equal(list.total, 600);
  assert.equal(list.files.length + list.leftOut, 600);
  assert.ok(list.leftOut > 0 && JSON.stringify(list).length < 100 * 1024);
});

test("a huge sparse file is only measured", async (t) => {
  const root = await makeTree(t, {});
  await writeFile(join(root, "huge.bin"), "");
  await truncate(join(root, "huge.bin"), 10 * 1024 ** 3);
  assert.deepEqual((await listed(root)).files, [{ path: "huge.bin", bytes: 10 * 1024 ** 3 }]);
});

test("stops when it is aborted", async (t) => {
  const root = await makeTree(t, { "a.txt": "a" });
  const { outcome } = await tried(root, { signal: AbortSignal.abort(new Error("stop")) });
  assert.ok("failed" in outcome);
});

test("an empty folder has no files", async (t: TestContext) => {
  const root = await makeTree(t, {});
  await mkdir(join(root, "empty"));
  assert.equal((await listed(root)).total, 0);
});
