import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { recordOf } from "../local/processes.ts";
import { writeState } from "../local/state.ts";
import { genesis } from "../test/support/genesis.ts";

test("catalog and plan take the shell's catalogues, and say when the instance that runs here has others", async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), "genesis-cli-"));
  t.after(() => rmSync(cwd, { recursive: true }));
  const dir = join(cwd, ".genesis");
  mkdirSync(dir);
  writeFileSync(
    join(dir, "processes.json"),
    JSON.stringify({ up: recordOf("up", process.pid), children: [] }),
  );
  const nats = { url: "nats://127.0.0.1:9", pid: 1, monitor: "http://127.0.0.1:9", config: "c", store: "s" };
  const settings = { catalog: ["business"], prefix: "genesis" };
  writeState(dir, { up: { pid: process.pid }, nats, services: [], settings });
  const note = "note: the instance that runs here has other catalogues: --catalog business\n";
  for (const args of [
    ["catalog", "agents", "--json"],
    ["plan", "--goal", "Audit this repository", "--json"],
  ]) {
    const { status, stdout, stderr } = await genesis(args, { cwd });
    assert.deepEqual([status, stderr], [0, note]);
    JSON.parse(stdout);
    const same = await genesis([...args, "--catalog", "audit"], { cwd });
    assert.equal(same.stderr, "");
  }
});
