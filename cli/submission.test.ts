import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { payloadOf, readDeadline, readObject } from "./submission.ts";

const NOW_MS = Date.parse("2026-01-01T00:00:00Z");
const folder = mkdtempSync(join(tmpdir(), "genesis-submission-"));
after(() => rmSync(folder, { recursive: true }));
const file = (text: string): string => {
  const path = join(folder, "payload.json");
  writeFileSync(path, text);
  return path;
};

const at = (text: string) => payloadOf({ goal: "g", deadline: readDeadline(text) }, NOW_MS).deadline;

test("a deadline is a moment or a time from now", () => {
  assert.equal(at("90s"), "2026-01-01T00:01:30.000Z");
  assert.equal(at("10m"), "2026-01-01T00:10:00.000Z");
  assert.equal(at("2h"), "2026-01-01T02:00:00.000Z");
  assert.equal(at("1d"), "2026-01-02T00:00:00.000Z");
  assert.equal(at("1500ms"), "2026-01-01T00:00:01.500Z");
  assert.equal(at("2026-01-01T12:00:00+02:00"), "2026-01-01T10:00:00.000Z");
});

test("anything else is no deadline", () => {
  for (const text of [
    "",
    "10",
    "10 m",
    "-5m",
    "soon",
    "2026-01-01",
    "2026-13-01T00:00:00Z",
    "1e3s",
    "9999999999s",
  ]) {
    assert.throws(() => readDeadline(text), { code: "commander.invalidArgument" }, text);
  }
});

test("an input is a JSON object", () => {
  assert.deepEqual(readObject('{"path": "src"}'), { path: "src" });
  for (const text of ["", "[]", "null", "7", "{path: 1}"])
    assert.throws(() => readObject(text), { code: "commander.invalidArgument" });
});

test("a number that the door would get as another one is refused before it is sent", () => {
  for (const text of ['{"n": 9007199254740993}', '{"n": 1e999}'])
    assert.throws(() => readObject(text), {
      code: "commander.invalidArgument",
      message: /^It must have .*numbers/,
    });
  const account = file('{"goal": "pay", "input": {"account": 9007199254740993}}');
  assert.throws(() => payloadOf({ file: account }, NOW_MS), {
    exitCode: 2,
    message: /payload\.json must have whole numbers from/,
  });
  assert.deepEqual(readObject('{"n": 9007199254740991, "x": 0.1}'), { n: 9007199254740991, x: 0.1 });
});

test("options go over what the file says", () => {
  const path = file('{"goal": "from the file", "taskType": "audit", "labels": {"team": "a"}}');
  assert.deepEqual(payloadOf({ file: path, goal: "from the option", priority: "high" }, NOW_MS), {
    goal: "from the option",
    taskType: "audit",
    labels: { team: "a" },
    priority: "high",
  });
});

test("a payload without a goal, and a file that is no payload, are wrong usage", () => {
  const usage = { name: "CommandFailure", exitCode: 2 };
  assert.throws(() => payloadOf({}, NOW_MS), usage);
  assert.throws(() => payloadOf({ file: file('{"taskType": "audit"}') }, NOW_MS), usage);
  assert.throws(() => payloadOf({ file: file("[1]") }, NOW_MS), usage);
  assert.throws(() => payloadOf({ file: join(folder, "nothing.json") }, NOW_MS), {
    ...usage,
    message: /nothing\.json cannot be read \(ENOENT\)/,
  });
});
