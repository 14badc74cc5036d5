import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { PROJECT_ROOT, childEnvironment } from "../shared/config.ts";
import { BREAKS } from "./traces/breaks.ts";

// Breaks the instrumentation in a copy of the sources, one line at a time, and sees that the tests which run every day notice.
const COPIED = ["catalog", "cli", "local", "services", "shared", "test", "package.json"];
const WITHIN_MS = 240_000;

let copy: string;

before(() => {
  copy = mkdtempSync(join(tmpdir(), "genesis-breaks-"));
  for (const name of COPIED) cpSync(join(PROJECT_ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(PROJECT_ROOT, "node_modules"), join(copy, "node_modules"));
});

after(() => rmSync(copy, { recursive: true, force: true }));

/** Runs test files of the copy. @returns whether they passed, and the first test that did not */
async function outcomeOf(files: readonly string[]): Promise<{ passed: boolean; failed: string | undefined }> {
  const env = childEnvironment({});
  // It would report to the runner that this file runs under, instead of telling what came of it.
  delete env["NODE_TEST_CONTEXT"];
  const args = ["--test", "--test-reporter=tap", "--test-concurrency=1", ...files];
  const runner = spawn(process.execPath, args, {
    cwd: copy,
    env,
    stdio: ["ignore", "pipe", "ignore"],
    timeout: WITHIN_MS,
  });
  const [told, [code]] = await Promise.all([text(runner.stdout), once(runner, "close")]);
  const names = [...told.matchAll(/^ *not ok \d+ - (.*)$/gm)].map(([, name]) => name!);
  return { passed: code === 0, failed: names[0] };
}

test("nothing is broken before anything is", async () => {
  const { failed } = await outcomeOf([...new Set(BREAKS.map(({ seenBy }) => seenBy))]);
  assert.equal(failed, undefined);
});

describe("the tests notice that", () => {
  for (const { what, file, from, to, seenBy } of BREAKS) {
    test(what, async (t) => {
      const path = join(copy, file);
      const source = readFileSync(path, "utf8");
      assert.equal(source.split(from).length, 2, `${file} has exactly one such place`);
      const broken = source.replace(from, () => to);
      // What cannot be run at all would be noticed by anybody.
      stripTypeScriptTypes(broken);
      writeFileSync(path, broken);
      try {
        const { passed, failed } = await outcomeOf([seenBy]);
        assert.equal(passed, false, `${seenBy} passes all the same`);
        t.diagnostic(`${seenBy}: ${failed}`);
      } finally {
        writeFileSync(path, source);
      }
    });
  }
});
