import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { makeTree } from "../../../test/support/tree.ts";
import { walk } from "./walk.ts";

const { signal } = new AbortController();

test("sees as many entries as it may, folders among them, and says whether there are more", async (t) => {
  const root = await makeTree(t, { "a.txt": "a" });
  for (const path of ["b/b/b", "c/c/c"]) await mkdir(join(root, path), { recursive: true });
  assert.deepEqual(await walk(root, 7, signal), { paths: ["a.txt"], complete: true });
  assert.equal((await walk(root, 6, signal)).complete, false);
});
