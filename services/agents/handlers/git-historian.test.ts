import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { recordSpans, spansOf } from "../../../test/support/spans.ts";
import { tryStep, type TriedStep } from "../../../test/support/try-step.ts";
import { notRun } from "../../../test/support/not-run.ts";
import { hasProgram } from "../../../test/support/programs.ts";
import { addFiles, commitAll, makeTree } from "../../../test/support/tree.ts";
import type { GitActivity } from "../audit/results.ts";
import { agent } from "./git-historian.ts";

before(recordSpans);

async function activity(auditRoot: string, step: Partial<TriedStep> = {}): Promise<GitActivity> {
  const made = agent({ auditRoot, resultsDir: "unused" });
  const { outcome } = await tryStep(made, { taskType: "git_activity", ...step });
  assert.ok("completed" in outcome, JSON.stringify(outcome));
  return outcome.completed.output as GitActivity;
}

test("a folder without git says so", async (t) => {
  const { available, because, commits } = await activity(await makeTree(t, { "a.ts": "1" }));
  assert.deepEqual(
    [available, because, commits],
    [false, "no git work tree whose whole history is kept below the audit root", 0],
  );
});

test("counts commits, authors and months", async (t) => {
  if (!hasProgram("git")) return notRun(t, "git is not installed");
  const root = await makeTree(t, { "a.txt": "1" });
  commitAll(root, {
    author: "Ada",
    date: "2025-12-31T23:30:00+02:00",
    subject: "Begin | with <b>markup</b>",
  });
  await addFiles(root, { "sub/b.txt": "2" });
  commitAll(root, { author: "Björn", date: "2026-01-05T10:00:00Z", subject: "Add b" });
  commitAll(root, { author: "Ada", date: "2026-01-06T10:00:00Z", subject: "Nothing, but said" });
  const all = await activity(root);
  assert.deepEqual([all.available, all.commits, all.complete, all.shallow], [true, 3, true, false]);
  assert.deepEqual([all.first, all.last], ["2025-12-31T21:30:00Z", "2026-01-06T10:00:00Z"]);
  assert.deepEqual(all.authors, [
    { name: "Ada", commits: 2 },
    { name: "Björn", commits: 1 },
  ]);
  assert.deepEqual(all.months, [
    { month: "2026-01", commits: 2 },
    { month: "2025-12", commits: 1 },
  ]);
  assert.deepEqual(
    all.latest.map((commit) => commit.subject),
    ["Nothing, but said", "Add b", "Begin | with <b>markup</b>"],
  );
  const below = await activity(root, { input: { root: "sub" } });
  assert.deepEqual([below.root, below.commits, below.authors], ["sub", 1, [{ name: "Björn", commits: 1 }]]);
});

test("looking at the repository, and asking git for its history, are tools in the trace", async (t) => {
  if (!hasProgram("git")) return notRun(t, "git is not installed");
  const root = await makeTree(t, { "a.txt": "1" });
  commitAll(root, { author: "Ada", date: "2026-01-05T10:00:00Z", subject: "Begin" });
  const names = (await spansOf(() => activity(root))).map(({ name }) => name);
  assert.deepEqual(names.toSorted(), ["execute_tool git", "execute_tool repository"]);
});

test("a repository without commits, and a shallow clone, say so", async (t) => {
  if (!hasProgram("git")) return notRun(t, "git is not installed");
  const root = await makeTree(t, { "origin/a.txt": "1", "fresh/a.txt": "1" });
  execFileSync("git", ["init", "--quiet"], { cwd: join(root, "fresh") });
  const fresh = await activity(root, { input: { root: "fresh" } });
  assert.deepEqual([fresh.available, fresh.because], [false, "no commits yet"]);
  for (const subject of ["one", "two"])
    commitAll(join(root, "origin"), { author: "Ada", date: "2026-01-01T00:00:00Z", subject });
  for (const args of [
    ["repack", "-adq"],
    ["pack-refs", "--all"],
  ])
    execFileSync("git", args, { cwd: join(root, "origin") });
  const packed = await activity(root, { input: { root: "origin" } });
  assert.deepEqual([packed.commits, packed.shallow], [2, false]);
  execFileSync("git", [
    "clone",
    "--quiet",
    "--depth",
    "1",
    `file://${join(root, "origin")}`,
    join(root, "clone"),
  ]);
  const clone = await activity(root, { input: { root: "clone" } });
  assert.deepEqual([clone.commits, clone.shallow], [1, true]);
});

test("a history that is kept outside the root is not read", async (t) => {
  if (!hasProgram("git")) return notRun(t, "git is not installed");
  const outside = await makeTree(t, { "a.txt": "1" });
  commitAll(outside, { author: "Ada", date: "2026-01-01T00:00:00Z", subject: "secret" });
  const root = await makeTree(t, { ".git": `gitdir: ${join(outside, ".git")}\n` });
  assert.equal((await activity(root)).available, false);
  await rename(join(root, ".git"), join(root, "no-git"));
  await addFiles(root, { "sub/a.txt": "1" });
  commitAll(root, { author: "Ada", date: "2026-01-01T00:00:00Z", subject: "above the audit root" });
  assert.equal((await activity(join(root, "sub"))).available, false);
});

test("a repository that names its objects by SHA-256 is read as well", async (t) => {
  if (!hasProgram("git")) return notRun(t, "git is not installed");
  const root = await makeTree(t, { "a.txt": "1" });
  execFileSync("git", ["init", "--quiet", "--object-format=sha256"], { cwd: root });
  commitAll(root, { author: "Ada", date: "2026-01-01T00:00:00Z", subject: "one" });
  assert.deepEqual((await activity(root)).commits, 1);
});

test("authors are named as the repository's own mailmap says", async (t) => {
  if (!hasProgram("git")) return notRun(t, "git is not installed");
  const root = await makeTree(t, { ".mailmap": "Ada Lovelace <author@example.org>\n" });
  commitAll(root, { author: "ada", date: "2026-01-01T00:00:00Z", subject: "one" });
  assert.deepEqual((await activity(root)).authors, [{ name: "Ada Lovelace", commits: 1 }]);
});
