import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { followLines } from "./follow-lines.ts";
import { isWanted, logFiles, mergedLines, parseLogLine, type LogLine } from "./log-lines.ts";
import { logText } from "./render/log.ts";
import { PLAIN } from "./render/paint.ts";

let folder = "";
const folders: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "genesis-logs-"));
  folders.push(folder);
});
after(() => folders.forEach((path) => rmSync(path, { recursive: true })));

const line = (second: number, service: string, msg: string, fields: object = {}): string =>
  `${JSON.stringify({ level: "info", time: new Date(second * 1000).toISOString(), service, ...fields, msg })}\n`;
const path = (name: string): string => join(folder, name);
const collect = async (lines: AsyncIterable<LogLine>): Promise<string[]> => {
  const messages: string[] = [];
  for await (const { message } of lines) messages.push(message);
  return messages;
};

test("a line is told as time, level, service, message and the rest", () => {
  const fields = {
    event: "ready",
    run: "0123456789abcdef",
    seq: 7,
    trace_id: "a".repeat(32),
    note: "two\u001b[0m words",
  };
  const read = parseLogLine(line(1.5, "halo", "it is\nready", fields))!;
  assert.equal(
    logText(read, PLAIN),
    "00:00:01.500 INFO  halo      it is⏎ready run=01234567 seq=7 note=two\\u001b[0m words",
  );
});

test("an error is told as its type, its text and where it was thrown", () => {
  const err = {
    type: "GenesisError",
    code: "E_JSON",
    message: "E_JSON no",
    at: ["at parse (json.ts:24)", "at main"],
  };
  const read = parseLogLine(line(0, "gateway", "given up", { err }))!;
  assert.equal(
    logText(read, PLAIN),
    "00:00:00.000 INFO  gateway   given up err=GenesisError: E_JSON no (at parse (json.ts:24))",
  );
  const own = {
    type: "RetryableError",
    details: [{ path: "oven", rule: "warm" }],
    at: ["at node:fs:1:1", "at bake"],
  };
  const caused = parseLogLine(line(0, "agents", "", { err: { ...own, cause: err } }))!;
  assert.match(
    logText(caused, PLAIN),
    / err=RetryableError: oven: warm \(at bake\), caused by GenesisError: /,
  );
  assert.match(logText(parseLogLine(line(0, "halo", "", { err: 7 }))!, PLAIN), / err=7$/);
});

test("half a line, and what is no log line, is none", () => {
  const bad = ["", "{", "[]", "null", '"text"', '{"time":"not a time"}', "{}", "plain text", '{"time":1e99}'];
  for (const text of bad) assert.equal(parseLogLine(text), undefined, text);
});

test("lines of all services come in the order of time, older files included", async () => {
  writeFileSync(path("a.jsonl.1"), line(1, "a", "one"));
  writeFileSync(path("a.jsonl"), line(3, "a", "three") + line(5, "a", "five"));
  writeFileSync(path("b.jsonl"), `${line(2, "b", "two")}garbage\n${line(4, "b", "four")}{"half`);
  writeFileSync(path("b.stderr.log"), "not for machines");
  const { current, older } = await logFiles(folder);
  assert.deepEqual(await collect(mergedLines([...current, ...older])), [
    "one",
    "two",
    "three",
    "four",
    "five",
  ]);
});

const of = (service: string, run?: string): LogLine =>
  parseLogLine(line(1, service, "", run === undefined ? {} : { run }))!;

test("one service or the runs that begin with something can be asked for", () => {
  assert.ok(isWanted(of("a"), {}));
  assert.ok(!isWanted(of("a"), { service: "b" }));
  assert.ok(isWanted(of("a", "abc"), { service: "a", run: "ab" }));
  assert.ok(!isWanted(of("a", "bc"), { run: "ab" }));
  assert.ok(!isWanted(of("a"), { run: "ab" }));
});

test(
  "following begins where reading ends, and goes on over new files, halves of lines and files set aside",
  { timeout: 10_000 },
  async () => {
    writeFileSync(path("a.jsonl"), `${line(1, "a", "one")}${line(2, "a", "two").slice(0, 10)}`);
    const tail = await followLines(folder, ["a.jsonl"], (name) => name.endsWith(".jsonl"));
    assert.deepEqual(await collect(mergedLines([path("a.jsonl")], tail.from)), ["one"]);

    const next = async (): Promise<string | undefined> =>
      parseLogLine((await tail.lines.next()).value ?? "")?.message;
    appendFileSync(path("a.jsonl"), line(2, "a", "two").slice(10));
    assert.equal(await next(), "two");
    writeFileSync(path("b.jsonl"), line(3, "b", "three"));
    assert.equal(await next(), "three");
    renameSync(path("a.jsonl"), path("a.jsonl.1"));
    writeFileSync(path("a.jsonl"), line(4, "a", "4"));
    assert.equal(await next(), "4");
    await tail.lines.return(undefined);
  },
);
