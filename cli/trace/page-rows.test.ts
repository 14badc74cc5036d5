import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleSpan, sampleTrace, spanId, START_MS } from "../../test/support/sample-spans.ts";
import { criticalPath } from "./critical-path.ts";
import { hopsOf } from "./hops.ts";
import { pageRows } from "./page-rows.ts";
import { traceRows } from "./rows.ts";
import { spanTrees } from "./span-tree.ts";
import type { Span } from "./span.ts";

const services = ["gateway", "htdag", "halo", "aop", "execution", "agents"];
const log = { when: "+13 ms agents", level: "info", message: "counted", rest: "" };
const logs = new Map([
  [spanId(3), [log]],
  [spanId(10), [log, { ...log, level: "warn" }]],
]);
const rowsOf = (spans: readonly Span[]) =>
  pageRows(traceRows(hopsOf(spanTrees(spans)), new Set(criticalPath(spans))), {
    beginMs: START_MS,
    services,
    logs,
  });
const rows = rowsOf(sampleTrace());

test("a message is one row: who sent it and who handled it, and its sending, waiting and handling in time", () => {
  const { blocks, ...row } = rows[0]!;
  assert.deepEqual(row, {
    name: "plan.validated",
    who: "aop → execution",
    depth: 0,
    rail: 0,
    begins: "tree",
    goesOn: true,
    isCritical: true,
    isFailed: false,
    isMinor: false,
    bullet: "◆",
    remarks: [],
    links: [],
    warnings: 0,
    bars: [
      { is: "wait", service: 4, at: 1, ms: 4 },
      { is: "sent", service: 3, at: 0, ms: 3 },
      { is: "work", service: 4, at: 5, ms: 10 },
    ],
    took: "10 ms",
    label:
      "plan.validated, aop to execution, at +0 ms, sending 3 ms, waited 4 ms, took 10 ms, on the critical path",
    spans: [spanId(1), spanId(2)],
  });
  assert.deepEqual(
    blocks.map(({ title, service }) => [title, service]),
    [
      ["publish genesis.v1.plan.validated", 3],
      ["process genesis.v1.plan.validated", 4],
    ],
  );
});

test("branches come first, and the critical path keeps the rail", () => {
  assert.deepEqual(
    rows.map(({ bullet, name, step = "", rail, begins = "", depth }) =>
      [bullet, name, step, rail, begins, depth].join(" "),
    ),
    [
      "◆ plan.validated  0 tree 0",
      " custom.measure  0  1",
      "● step.dispatched a 1 branch 0",
      "● step.completed a 1  0",
      "● timers.set a 1 branch 0",
      "● timers.set b 1 branch 0",
      "◆ step.dispatched b 0  0",
      " invoke_agent worker b 0  1",
      "◆ step.failed b 0  0",
      "◆ run.finished  0  0",
    ],
  );
});

test("what a first look can do without is what happened inside, and messages that lead nowhere", () => {
  assert.deepEqual(
    rows.filter(({ isMinor }) => isMinor).map(({ name }) => name),
    ["custom.measure", "timers.set", "timers.set", "invoke_agent worker"],
  );
});

test("a failure says so, and is never what one can do without", () => {
  const [attempt, , news] = rows.slice(6);
  assert.deepEqual(
    [attempt!.isFailed, attempt!.remarks],
    [
      true,
      [
        { text: "attempt 2", isError: false },
        { text: "E_AGENT", isError: true },
      ],
    ],
  );
  assert.equal(news!.isFailed, true);
  const failed = rowsOf([
    sampleSpan(1, undefined, "process x.y", { at: 0 }),
    sampleSpan(2, 1, "custom.measure", { at: 1, error: "E_INTERNAL" }),
  ]);
  assert.equal(failed[1]!.isMinor, false);
});

test("a link leads from both sides, and its row is one to go to", () => {
  const at = rows.findIndex(({ name }) => name === "step.failed");
  assert.deepEqual(rows[at]!.links, [3]);
  assert.deepEqual(rows[at]!.blocks[0], {
    title: "Linked to (1)",
    isFolded: false,
    jumps: [{ row: 3, name: "step.completed a" }],
  });
  assert.deepEqual(rows[3]!.blocks[0], {
    title: "Linked from (1)",
    isFolded: false,
    jumps: [{ row: at, name: "step.failed b" }],
  });
});

test("a row says how many of its log lines are warnings", () => {
  assert.deepEqual(
    rows.filter(({ warnings }) => warnings > 0).map(({ name, warnings }) => [name, warnings]),
    [["invoke_agent worker", 1]],
  );
});

test("a span's block has its facts, its log lines and its attributes", () => {
  const told = { name: "halo.candidate", attributes: { "halo.agent": "worker" } };
  const span = sampleSpan(10, undefined, "invoke_agent worker", {
    at: 12,
    took: 50,
    service: "agents",
    events: [told],
    attributes: { "genesis.step": "b" },
  });
  assert.deepEqual(rowsOf([span])[0]!.blocks, [
    {
      title: "invoke_agent worker",
      service: 5,
      facts: [
        ["service", "agents"],
        ["began", "+12 ms"],
        ["took", "50 ms"],
        ["span", spanId(10)],
      ],
      blocks: [
        { title: "halo.candidate", facts: [["halo.agent", "worker"]] },
        { title: "Log lines (2)", isFolded: false, logs: logs.get(spanId(10)) },
        { title: "Attributes (1)", isFolded: true, facts: [["genesis.step", "b"]] },
      ],
    },
  ]);
});

test("a timer's delay is drawn, and a wait that was none is not", () => {
  const spans = [
    sampleSpan(1, undefined, "publish genesis.timers.set", { at: 0 }),
    sampleSpan(2, 1, "process genesis.timers.fired", { at: 502, queueWaitMs: 0 }),
  ];
  assert.deepEqual(
    rowsOf(spans)[0]!.bars.map(({ is, at, ms }) => [is, at, ms]),
    [
      ["delay", 2, 500],
      ["sent", 0, 2],
      ["work", 502, 2],
    ],
  );
});
