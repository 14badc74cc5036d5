import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openLog, setAsideWhenLarge } from "./log-files.ts";

function logPath(t: { after(fn: () => void): void }): string {
  const dir = mkdtempSync(join(tmpdir(), "genesis-logs-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, "logs", "halo.jsonl");
}

test("a log is appended to, and its tail is the last line written since", (t) => {
  const path = logPath(t);
  const first = openLog(path);
  writeSync(first.fd, "one\ntwo\n");
  assert.equal(first.tail(), "two");
  first.close();
  const second = openLog(path);
  assert.equal(second.tail(), "");
  writeSync(second.fd, "three\n");
  assert.equal(second.tail(), "three");
  second.close();
  assert.equal(readFileSync(path, "utf8"), "one\ntwo\nthree\n");
  rmSync(path);
  assert.equal(second.tail(), "");
});

test("a log past 64 MiB is set aside, in place of the one before", (t) => {
  const path = logPath(t);
  openLog(path).close();
  appendFileSync(path, "small");
  setAsideWhenLarge(path);
  assert.equal(readFileSync(path, "utf8"), "small");
  truncateSync(path, 64 * 1024 * 1024 + 1);
  setAsideWhenLarge(path);
  assert.ok(!existsSync(path));
  assert.ok(existsSync(`${path}.1`));
});
