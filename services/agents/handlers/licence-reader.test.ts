import assert from "node:assert/strict";
import { test } from "node:test";
import { tryStep } from "../../../test/support/try-step.ts";
import { makeTree } from "../../../test/support/tree.ts";
import type { Licences } from "../audit/results.ts";
import { agent } from "./licence-reader.ts";

async function read(auditRoot: string): Promise<Licences> {
  const made = agent({ auditRoot, resultsDir: "unused" });
  const { outcome } = await tryStep(made, { taskType: "read_licences" });
  assert.ok("completed" in outcome, JSON.stringify(outcome));
  return outcome.completed.output as Licences;
}

const lock = (packages: Record<string, unknown>): string => JSON.stringify({ lockfileVersion: 3, packages });

test("reads the licences of the locked packages, the most used first", async (t) => {
  const root = await makeTree(t, {
    "package-lock.json": lock({
      "": { name: "the project itself", license: "GPL-3.0" },
      "packages/own": { name: "a workspace", license: "GPL-3.0" },
      "node_modules/own": { link: true, resolved: "packages/own" },
      "node_modules/a": { version: "1.0.0", license: "MIT" },
      "node_modules/@scope/b": { version: "2.0.0", license: "MIT", dev: true },
      "node_modules/c": { version: "1.0.0", license: "ISC" },
      "node_modules/c/node_modules/a": { version: "1.0.0", license: "MIT" },
      "node_modules/old": { version: "0.1.0", license: { type: "BSD" } },
    }),
  });
  const result = await read(root);
  assert.deepEqual(result.licences, [
    { licence: "MIT", packages: 2, production: 1, examples: ["a", "@scope/b"] },
    { licence: "ISC", packages: 1, production: 1, examples: ["c"] },
    { licence: "not stated", packages: 1, production: 1, examples: ["old"] },
  ]);
  assert.equal(result.packages, 4);
  assert.deepEqual(result.lockFiles, [{ path: "package-lock.json", format: "npm, version 3", packages: 4 }]);
});

test("two versions of a package count as two, in whichever lock file they stand", async (t) => {
  const root = await makeTree(t, {
    "package-lock.json": lock({ "node_modules/a": { version: "1.0.0", license: "MIT" } }),
    "sub dir/package-lock.json": lock({
      "node_modules/a": { version: "1.0.0", license: "MIT" },
      "node_modules/b/node_modules/a": { version: "2.0.0", license: "MIT" },
    }),
  });
  const { packages, lockFiles } = await read(root);
  assert.deepEqual([packages, lockFiles.length], [2, 2]);
});

test("names lock files of other package managers, and those of npm that cannot be read", async (t) => {
  const root = await makeTree(t, {
    "yarn.lock": "a@1:\n",
    "rust/Cargo.lock": "[[package]]\n",
    "broken/package-lock.json": "{",
    "old/package-lock.json": JSON.stringify({ lockfileVersion: 1, dependencies: { a: { version: "1" } } }),
    "other/package-lock.json": JSON.stringify(["not", "a", "lock"]),
  });
  const { lockFiles, packages } = await read(root);
  assert.deepEqual(lockFiles, [
    { path: "broken/package-lock.json", format: "npm", because: "not a lock file of npm" },
    {
      path: "old/package-lock.json",
      format: "npm, version 1",
      because: "this version does not state licences",
    },
    { path: "other/package-lock.json", format: "npm", because: "not a lock file of npm" },
    { path: "rust/Cargo.lock", format: "Cargo", because: "this format does not state licences" },
    { path: "yarn.lock", format: "Yarn", because: "this format does not state licences" },
  ]);
  assert.equal(packages, 0);
});

test("without a lock file there is nothing to read", async (t) => {
  const { lockFiles, licences, packages } = await read(await makeTree(t, { "a.ts": "1" }));
  assert.deepEqual([lockFiles, licences, packages], [[], [], 0]);
});

test("a key that reaches for a prototype is a package name like any other", async (t) => {
  const packages = '{"node_modules/__proto__":{"version":"1","license":"__proto__"}}';
  const root = await makeTree(t, { "package-lock.json": `{"lockfileVersion":3,"packages":${packages}}` });
  assert.deepEqual((await read(root)).licences, [
    { licence: "__proto__", packages: 1, production: 1, examples: ["__proto__"] },
  ]);
});
