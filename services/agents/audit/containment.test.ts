import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { StepOutcome } from "../../../shared/bus/result.ts";
import { notRun } from "../../../test/support/not-run.ts";
import { hasProgram } from "../../../test/support/programs.ts";
import { addFiles, commitAll, makeTree } from "../../../test/support/tree.ts";
import { tryStep, type TriedStep } from "../../../test/support/try-step.ts";
import { agent as lister } from "../handlers/file-lister.ts";
import { agent as historian } from "../handlers/git-historian.ts";
import { agent as todoFinder } from "../handlers/todo-finder.ts";
import type { FileList, GitActivity } from "./results.ts";

// Every repository here is crafted by somebody who wants the audit to read, or to run, what is not below its root.

const AGENTS = { list_files: lister, git_activity: historian, find_todos: todoFinder };

async function outcomeOf(
  auditRoot: string,
  taskType: keyof typeof AGENTS,
  step: Omit<Partial<TriedStep>, "taskType"> = {},
): Promise<StepOutcome> {
  const agent = AGENTS[taskType]({ auditRoot, resultsDir: "unused" });
  return (await tryStep(agent, { taskType, ...step })).outcome;
}

async function done<T>(auditRoot: string, taskType: keyof typeof AGENTS): Promise<T> {
  const outcome = await outcomeOf(auditRoot, taskType);
  assert.ok("completed" in outcome, JSON.stringify(outcome));
  return outcome.completed.output as T;
}

function codeOf(outcome: StepOutcome): string | undefined {
  return "failed" in outcome ? outcome.failed.error.code : undefined;
}

function git(root: string, ...args: string[]): string {
  return execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
}

const AT = "2026-01-01T00:00:00Z";

/** A repository outside the audit root whose only commit is a secret. */
async function secretRepository(t: TestContext): Promise<{ dir: string; head: string }> {
  const dir = await makeTree(t, { "plans.txt": "p" });
  commitAll(dir, { author: "Ada", date: AT, subject: "secret plans" });
  return { dir, head: git(dir, "rev-parse", "HEAD") };
}

async function repository(t: TestContext, files: Record<string, string> = { "a.txt": "a" }): Promise<string> {
  const root = await makeTree(t, files);
  commitAll(root, { author: "Ada", date: AT, subject: "one" });
  return root;
}

async function assertNotRead(root: string): Promise<void> {
  const { available, because, commits, latest } = await done<GitActivity>(root, "git_activity");
  assert.deepEqual(
    { available, because, commits, latest },
    {
      available: false,
      because: "no git work tree whose whole history is kept below the audit root",
      commits: 0,
      latest: [],
    },
  );
  assert.equal((await done<FileList>(root, "list_files")).source, "folder");
}

function gitTest(name: string, run: (t: TestContext) => Promise<void>): void {
  test(name, async (t) => (hasProgram("git") ? run(t) : notRun(t, "git is not installed")));
}

gitTest("objects borrowed from another repository are not read", async (t) => {
  const { dir, head } = await secretRepository(t);
  const root = await repository(t);
  await addFiles(root, {
    ".git/objects/info/alternates": `${join(dir, ".git/objects")}\n`,
    ".git/refs/heads/master": `${head}\n`,
    ".git/refs/heads/main": `${head}\n`,
  });
  assert.match(git(root, "log", "--format=%s"), /secret/, "git by itself does read them");
  await assertNotRead(root);
});

for (const part of [
  ".git",
  ".git/objects",
  ".git/refs",
  ".git/HEAD",
  ".git/index",
  ".git/packed-refs",
  ".git/objects/pack",
])
  gitTest(`${part} as a symbolic link to another repository's is not followed`, async (t) => {
    const { dir } = await secretRepository(t);
    git(dir, "repack", "-adq");
    git(dir, "pack-refs", "--all");
    const root = await repository(t);
    await rm(join(root, part), { recursive: true, force: true });
    await symlink(join(dir, part), join(root, part));
    await assertNotRead(root);
  });

gitTest("a single pack that is a symbolic link is not followed", async (t) => {
  const { dir, head } = await secretRepository(t);
  git(dir, "repack", "-adq");
  const root = await repository(t);
  const packs = join(dir, ".git/objects/pack");
  for (const name of execFileSync("ls", [packs], { encoding: "utf8" }).trim().split("\n"))
    await symlink(join(packs, name), join(root, ".git/objects/pack", name));
  await addFiles(root, { ".git/HEAD": `${head}\n` });
  assert.match(git(root, "log", "--format=%s"), /secret/, "git by itself does follow it");
  await assertNotRead(root);
});

gitTest("a .git file that names another folder is not followed", async (t) => {
  const { dir } = await secretRepository(t);
  const root = await makeTree(t, { "a.txt": "a", ".git": `gitdir: ${join(dir, ".git")}\n` });
  await assertNotRead(root);
});

gitTest("a common folder elsewhere is not read", async (t) => {
  const { dir, head } = await secretRepository(t);
  const root = await repository(t);
  await addFiles(root, { ".git/commondir": `${join(dir, ".git")}\n`, ".git/HEAD": `${head}\n` });
  assert.match(git(root, "log", "--format=%s"), /secret/, "git by itself does read it");
  const { available, latest } = await done<GitActivity>(root, "git_activity");
  assert.deepEqual([available, latest], [false, []]);
});

gitTest("a branch that is named like a file outside is not read", async (t) => {
  const { dir } = await secretRepository(t);
  const root = await repository(t);
  await rename(dir, join(root, "../named-like-a-branch"));
  t.after(() => rm(join(root, "../named-like-a-branch"), { recursive: true }));
  await addFiles(root, { ".git/HEAD": "ref: refs/../../../named-like-a-branch/.git/HEAD\n" });
  assert.equal((await done<GitActivity>(root, "git_activity")).available, false);
});

gitTest("an index that names a file outside is refused", async (t) => {
  const parent = await makeTree(t, { "secret/f": "the size of this is a secret", "root/xx/secret/f": "1" });
  const root = join(parent, "root");
  commitAll(root, { author: "Ada", date: AT, subject: "one" });
  const index = await readFile(join(root, ".git/index"));
  index.write("../secret/f", index.indexOf("xx/secret/f"), "latin1");
  const entries = index.subarray(0, -20);
  await writeFile(
    join(root, ".git/index"),
    Buffer.concat([entries, createHash("sha1").update(entries).digest()]),
  );
  assert.match(git(root, "ls-files"), /^\.\.\/secret\/f$/m, "git by itself does name it");
  assert.equal(codeOf(await outcomeOf(root, "list_files")), "E_FORBIDDEN");
});

gitTest("no setting of the repository is read: none names a file outside, none runs a program", async (t) => {
  const outside = await makeTree(t, { names: "Secret Name <author@example.org>\n", ignore: "*.txt\n" });
  const root = await repository(t, { "a.txt": "a", "sub/b.txt": "b" });
  const proof = join(outside, "proof");
  const program = join(outside, "program");
  await writeFile(program, `#!/bin/sh\ntouch '${proof}'\n`);
  await chmod(program, 0o755);
  await writeFile(join(outside, "more"), `[mailmap]\n\tfile = ${join(outside, "names")}\n`);
  for (const [name, value] of [
    ["mailmap.file", join(outside, "names")],
    ["include.path", join(outside, "more")],
    ["core.excludesFile", join(outside, "ignore")],
    ["core.worktree", outside],
    ["core.fsmonitor", program],
    ["core.hooksPath", outside],
    ["core.pager", program],
    ["core.sshCommand", program],
    ["log.showSignature", "true"],
    ["gpg.program", program],
  ] as const)
    git(root, "config", name, value);
  const { source, files } = await done<FileList>(root, "list_files");
  assert.deepEqual([source, files.map((file) => file.path)], ["git", ["a.txt", "sub/b.txt"]]);
  const { authors } = await done<GitActivity>(root, "git_activity");
  assert.deepEqual(authors, [{ name: "Ada", commits: 1 }]);
  assert.equal(existsSync(proof), false);
});

gitTest("names and patterns of another folder are not taken over by a link", async (t) => {
  const outside = await makeTree(t, { names: "Secret Name <author@example.org>\n", patterns: "*.txt\n" });
  const root = await makeTree(t, { "a.txt": "a" });
  await symlink(join(outside, "names"), join(root, ".mailmap"));
  commitAll(root, { author: "Ada", date: AT, subject: "one" });
  await symlink(join(outside, "patterns"), join(root, ".gitignore"));
  await addFiles(root, { "new.txt": "n" });
  const { files } = await done<FileList>(root, "list_files");
  assert.deepEqual(
    files.map((file) => file.path),
    ["a.txt", "new.txt"],
  );
  const { authors } = await done<GitActivity>(root, "git_activity");
  assert.deepEqual(authors, [{ name: "Ada", commits: 1 }]);
});

gitTest("objects that are missing are not fetched", async (t) => {
  const outside = await makeTree(t, {});
  const root = await repository(t);
  const proof = join(outside, "proof");
  git(root, "config", "core.repositoryformatversion", "1");
  git(root, "config", "extensions.partialClone", "origin");
  git(root, "config", "remote.origin.promisor", "true");
  git(root, "config", "remote.origin.url", `ssh://host/x`);
  git(root, "config", "core.sshCommand", `touch '${proof}'; false`);
  await addFiles(root, { ".git/HEAD": `${"1".repeat(40)}\n` });
  const { available, because } = await done<GitActivity>(root, "git_activity");
  assert.deepEqual([available, because], [false, "its history cannot be read"]);
  assert.equal(existsSync(proof), false);
});

gitTest(
  "a repository that begins above the root is not looked for, even by a folder below the root",
  async (t) => {
    const parent = await repository(t, { ".gitignore": "*.txt\n", "root/sub/a.txt": "a" });
    await assertNotRead(join(parent, "root"));
    const { files } = await done<FileList>(join(parent, "root"), "list_files");
    assert.deepEqual(files, [{ path: "sub/a.txt", bytes: 1 }]);
  },
);

test("what git and Genesis keep for themselves is no folder to audit, however it is named", async (t) => {
  const root = await makeTree(t, {
    ".git/config": "TODO: token\n",
    ".genesis/keys/operator.nk": "TODO: seed\n",
    "sub/.genesis/a.txt": "TODO\n",
    "a.txt": "a",
  });
  await symlink(".git", join(root, "alias"));
  for (const asked of [".git", ".genesis", ".genesis/keys", "sub/.genesis", "alias", ".git/../.git"])
    assert.equal(
      codeOf(await outcomeOf(root, "list_files", { input: { root: asked } })),
      "E_FORBIDDEN",
      asked,
    );
  assert.equal(codeOf(await outcomeOf(join(root, ".git"), "list_files")), "E_FORBIDDEN");
  assert.equal(codeOf(await outcomeOf(join(root, ".genesis/keys"), "list_files")), "E_FORBIDDEN");
});

test("a file list cannot name what git and Genesis keep for themselves", async (t) => {
  const root = await makeTree(t, {
    ".git/config": "TODO: token\n",
    "sub/.genesis/keys/a.nk": "TODO: seed\n",
  });
  for (const path of [".git/config", "sub/.genesis/keys/a.nk"]) {
    const files = [{ path, bytes: 1 }];
    const results = {
      files: {
        kind: "file-list",
        root: ".",
        source: "folder",
        total: 1,
        totalBytes: 1,
        files,
        leftOut: 0,
        skipped: { links: 0, others: 0 },
        complete: true,
      },
    };
    assert.equal(codeOf(await outcomeOf(root, "find_todos", { results })), "E_FORBIDDEN", path);
  }
});
