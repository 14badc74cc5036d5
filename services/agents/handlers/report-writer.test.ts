import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { tryStep, type TriedStep } from "../../../test/support/try-step.ts";
import { addFiles, makeTree } from "../../../test/support/tree.ts";
import { agent } from "./report-writer.ts";

type Report = { kind: string; markdown: string; path: string; summary: string };

async function written(resultsDir: string, step: Partial<TriedStep>): Promise<Report> {
  const made = agent({ auditRoot: "unused", resultsDir });
  const { outcome } = await tryStep(made, { taskType: "audit_report", ...step });
  assert.ok("completed" in outcome, JSON.stringify(outcome));
  return outcome.completed.output as Report;
}

const RESULTS = {
  lines: {
    kind: "line-count",
    root: ".",
    complete: true,
    files: 2,
    lines: 1234,
    languages: [{ language: "C++ | x", files: 2, lines: 1234, bytes: 9999 }],
    leftOut: 0,
    notRead: { binary: 1, tooLarge: 0, unreadable: 0 },
  },
  files: {
    kind: "file-list",
    root: "src",
    source: "git",
    total: 2,
    totalBytes: 9999,
    files: [],
    leftOut: 2,
    skipped: { links: 0, others: 0 },
    complete: true,
  },
};

test("joins what the steps before it found, and leaves the report in the run's folder", async (t) => {
  const dir = await makeTree(t, {});
  const report = await written(dir, { results: RESULTS, run: "run-1" });
  assert.equal(report.path, join(dir, "run-1", "audit-report.md"));
  assert.equal(await readFile(report.path, "utf8"), report.markdown);
  assert.equal(report.summary, "2 files; 1,234 lines in 1 language");
  assert.match(report.markdown, /^# Repository audit\n\n2 files; 1,234 lines in 1 language\.\n/);
  assert.match(
    report.markdown,
    /\| Language \| Files \| Lines \| Bytes \|\n\| --- \| ---: \| ---: \| ---: \|\n/,
  );
  assert.match(report.markdown, /\n\| C\+\+ \\\| x \| 2 \| 1,234 \| 9,999 \|\n/);
  assert.match(report.markdown, /Not read: 1 binary\./);
});

test("a step without a result is named, not passed over", async (t) => {
  const { markdown, summary } = await written(await makeTree(t, {}), { results: {} });
  assert.equal(markdown.match(/Not available: the step has no result\./g)?.length, 6);
  assert.equal(summary, "nothing was audited");
});

test("texts from a repository stay text", async (t) => {
  const text = "</td><script>x</script> | `code` [link](javascript:x) \u202eback\nnext";
  const todos = {
    kind: "todo-list",
    root: ".",
    complete: true,
    total: 1,
    tags: [{ tag: "FIXME", count: 1 }],
    items: [{ path: "a|b.ts", line: 1, tag: "FIXME", text }],
    leftOut: 0,
    notRead: { binary: 0, tooLarge: 0, unreadable: 0 },
  };
  const { markdown } = await written(await makeTree(t, {}), { results: { todos } });
  const row = markdown.split("\n").find((line) => line.includes("a\\|b.ts"));
  const cell = String.raw`\</td\>\<script\>x\</script\> \| \`code\` \[link\](javascript:x)  back next`;
  assert.equal(row, String.raw`| a\|b.ts | 1 | FIXME | ${cell} |`);
});

test("the same results give the same report, however often and at once it is written", async (t) => {
  const dir = await makeTree(t, {});
  await addFiles(dir, { "run/audit-report.md": "an older report" });
  const reports = await Promise.all(
    Array.from({ length: 8 }, (_, i) => written(dir, { results: RESULTS, attempt: i + 1 })),
  );
  assert.equal(new Set(reports.map((report) => report.markdown)).size, 1);
  assert.deepEqual(await readdir(join(dir, "run")), ["audit-report.md"]);
  assert.equal(await readFile(join(dir, "run", "audit-report.md"), "utf8"), reports[0]!.markdown);
});

test("a folder that cannot be written to is worth another attempt", async (t) => {
  const dir = await makeTree(t, { "in-the-way": "a file" });
  const made = agent({ auditRoot: "unused", resultsDir: join(dir, "in-the-way") });
  const { outcome } = await tryStep(made, { taskType: "audit_report" });
  assert.ok("failed" in outcome);
  assert.deepEqual([outcome.failed.error.code, outcome.failed.error.retryable], ["E_AGENT", true]);
});
