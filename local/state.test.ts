import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { releaseClaim, takeClaim } from "./claim.ts";
import { SILENT } from "./progress.ts";
import { findInstance, writeState, type LocalState } from "./state.ts";

const state: LocalState = {
  up: { pid: process.pid },
  nats: {
    url: "nats://127.0.0.1:4222",
    pid: 2,
    monitor: "http://127.0.0.1:8222",
    config: "/d/nats.conf",
    store: "/d/jetstream",
  },
  services: [{ name: "htdag", pid: 3, http: "http://127.0.0.1:9465" }],
};
const home = process.cwd();
let folder: string;
let dir: string;

beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "genesis-state-")));
  dir = join(folder, ".genesis");
  mkdirSync(join(folder, "a", "b"), { recursive: true });
  mkdirSync(dir);
  await takeClaim(dir, SILENT);
});
afterEach(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

test("an instance is found by its folder, and from below the folder that it was started in", () => {
  writeState(dir, state);
  assert.deepEqual(findInstance(dir), { dir, state });
  process.chdir(join(folder, "a", "b"));
  assert.deepEqual(findInstance(), { dir, state });
  assert.equal(findInstance(join(folder, "a")), undefined);
});

test("an instance is not there before it is ready, nor when its up is gone or its state is broken", () => {
  assert.equal(findInstance(dir), undefined);
  writeFileSync(join(dir, "state.json"), '{"up":{"pid":1}}');
  assert.equal(findInstance(dir), undefined);
  writeState(dir, state);
  releaseClaim(dir);
  assert.equal(findInstance(dir), undefined);
});
