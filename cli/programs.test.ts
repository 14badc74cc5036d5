import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { programFinding } from "./checkup-machine.ts";
import { askVersion } from "./programs.ts";

let folder: string;
before(() => (folder = mkdtempSync(join(tmpdir(), "genesis-programs-"))));
after(() => rmSync(folder, { recursive: true }));

function program(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

test("a program says which version it is", async () => {
  const go = program("go", "echo go version go1.27.1 linux/amd64");
  assert.deepEqual(await askVersion(go, "version"), { is: "there", version: "1.27.1" });
});

test("one that is not there is missing; one that is slow is not", async () => {
  const missing = await askVersion(join(folder, "nothing"), "--version");
  const slow = await askVersion(program("slow", "exec sleep 5"), "--version", 200);
  assert.deepEqual([missing, slow], [{ is: "missing" }, { is: "silent" }]);
  const told = [missing, slow].map((one) => programFinding("go", one, { says: "not on PATH" }).says);
  assert.deepEqual(told, ["not on PATH", "on PATH, but did not answer in time; is the machine busy?"]);
});

test("one that fails, or says nothing of a version, is there all the same", async () => {
  const failing = program("failing", "echo 1.2.3; exit 3");
  assert.deepEqual(await askVersion(failing, "--version"), { is: "unclear" });
  assert.deepEqual(await askVersion(program("mute", "echo hello"), "--version"), { is: "unclear" });
});
