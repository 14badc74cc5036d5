import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readLogs } from "./read-logs.ts";

const folder = mkdtempSync(join(tmpdir(), "genesis-logs-"));
after(() => rmSync(folder, { recursive: true }));

const RUN = "0123456789abcdef0123456789abcdef";
const TRACE = "a".repeat(32);
const line = (second: number, msg: string, fields: object): string =>
  JSON.stringify({
    level: "info",
    time: new Date(second * 1000).toISOString(),
    service: "aop",
    msg,
    ...fields,
  });

test("the lines of a run come out of all files in the order of time, and nobody else's", async () => {
  writeFileSync(
    join(folder, "aop.jsonl"),
    [line(3, "by run", { run: RUN }), line(4, "another's", { run: "f".repeat(32) }), "no json"].join("\n"),
  );
  writeFileSync(join(folder, "halo.jsonl.1"), `${line(1, "by trace", { trace_id: TRACE })}\n`);
  writeFileSync(join(folder, "halo.jsonl"), `${line(2, "only mentions it", { reason: RUN })}\n`);
  writeFileSync(join(folder, "aop.stderr.log"), line(5, "no log", { run: RUN }));
  const { lines, left } = await readLogs(folder, { run: RUN, traces: [TRACE] });
  assert.deepEqual([lines.map(({ message }) => message), left], [["by trace", "by run"], 0]);
});

test("no more lines are kept than a page can show, and the rest is counted", async () => {
  writeFileSync(
    join(folder, "many.jsonl"),
    Array.from({ length: 5002 }, (_, i) => line(i, "x", { run: TRACE })).join("\n"),
  );
  const { lines, left } = await readLogs(folder, { run: TRACE, traces: [] });
  assert.deepEqual([lines.length, left], [5000, 2]);
});

test("a folder that is not there has no lines", async () => {
  assert.deepEqual(await readLogs(join(folder, "nowhere"), { run: RUN, traces: [] }), { lines: [], left: 0 });
});
