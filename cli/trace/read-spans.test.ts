import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readSpans, runsNamedIn } from "./read-spans.ts";

const folder = mkdtempSync(join(tmpdir(), "genesis-traces-"));
after(() => rmSync(folder, { recursive: true }));

const TRACE = "a".repeat(32);
const LATER = "b".repeat(32);
const OTHER = "c".repeat(32);
const RUN = "0123456789abcdef0123456789abcdef";

const span = (traceId: string, spanId: string, run?: string) => ({
  traceId,
  spanId: spanId.repeat(16),
  name: spanId,
  startTimeUnixNano: "1",
  endTimeUnixNano: "2",
  attributes: run === undefined ? [] : [{ key: "genesis.run", value: { stringValue: run } }],
});
const line = (...spans: object[]): string => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

test("the spans of a run come out of all files, its later traces included, and nobody else's", async () => {
  writeFileSync(
    join(folder, "gateway.jsonl"),
    `${line(span(TRACE, "1", RUN), span(OTHER, "2", "f".repeat(32)))}\n`,
  );
  writeFileSync(join(folder, "htdag.jsonl.1"), `${line(span(TRACE, "3"))}\n`);
  const half = line(span(TRACE, "6")).slice(0, -10);
  writeFileSync(
    join(folder, "execution.jsonl"),
    `${line(span(LATER, "4", RUN), span(LATER, "5"))}\nno json\n${half}`,
  );
  writeFileSync(join(folder, "notes.txt"), line(span(TRACE, "7")));
  const spans = await readSpans(folder, { run: RUN, traceId: TRACE });
  assert.deepEqual(spans.map(({ name }) => name).toSorted(), ["1", "3", "4", "5"]);
  const without = await readSpans(folder, { run: RUN });
  assert.deepEqual(
    without.map(({ name }) => name).toSorted(),
    ["1", "3", "4", "5"],
    "the trace is found by the run as well",
  );
});

test("any trace of a run leads back to it, by its id or a beginning of it", async () => {
  assert.deepEqual(await runsNamedIn(folder, LATER), new Set([RUN]));
  assert.deepEqual(await runsNamedIn(folder, LATER.slice(0, 8)), new Set([RUN]));
  assert.deepEqual(await runsNamedIn(folder, RUN), new Set(), "a run is no trace");
});

test("a folder that is not there is an error", async () => {
  await assert.rejects(readSpans(join(folder, "nowhere"), { run: RUN }), { code: "ENOENT" });
});
