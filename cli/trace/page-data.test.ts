import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleSpan, sampleTrace } from "../../test/support/sample-spans.ts";
import { parseLogLine } from "../log-lines.ts";
import { pageData } from "./page-data.ts";

const run = { id: "r", goal: "g", state: "completed", figures: [], blocks: [] };
const steps = ["a", "b", "c"].map((id) => ({
  id,
  state: "completed",
  isPrimitive: true,
  summary: "",
  blocks: [],
}));
const logs = { lines: [], left: 0 };

test("a page knows how long it all took, when the run ended, whose the time was, and which services there are", () => {
  const late = sampleSpan(20, 8, "invoke_agent worker", { at: 30, took: 970, service: "outsider" });
  const data = pageData({ run, steps, logs, spans: [...sampleTrace(), late] });
  assert.deepEqual([data.lengthMs, data.endMs], [1000, 79]);
  assert.deepEqual(data.services, ["gateway", "htdag", "halo", "aop", "execution", "agents", "outsider"]);
  assert.deepEqual(data.spent, [
    { is: "work", service: 5, ms: 59, label: "agents 75 %" },
    { is: "wait", service: -1, ms: 8, label: "waiting for a consumer 10 %" },
    { is: "work", service: 4, ms: 7, label: "execution 9 %" },
    { is: "send", service: -1, ms: 5, label: "sending messages 6 %" },
  ]);
  assert.deepEqual(data.run.figures, [["spans", "16 of 4 services"]]);
  assert.deepEqual(data.notices, []);
});

test("a trace of a single moment still has a length", () => {
  assert.equal(
    pageData({ run, steps, logs, spans: [sampleSpan(1, undefined, "x", { at: 0, took: 0 })] }).lengthMs,
    0.001,
  );
});

test("a step leads to its messages", () => {
  const data = pageData({ run, steps, logs, spans: sampleTrace() });
  const [a, , c] = data.steps;
  assert.deepEqual(a!.blocks, [
    {
      title: "Messages",
      isFolded: false,
      jumps: [
        { row: 2, name: "step.dispatched execution → agents" },
        { row: 3, name: "step.completed agents → execution" },
        { row: 4, name: "timers.set execution" },
      ],
    },
  ]);
  assert.deepEqual(c!.blocks, []);
});

test("log lines without a span are told with the run, and what is left out is said", () => {
  const line = parseLogLine(
    JSON.stringify({ time: "2026-01-01T00:00:00.010Z", level: "info", service: "gateway", msg: "accepted" }),
  )!;
  const data = pageData({ run, steps, logs: { lines: [line], left: 3 }, spans: sampleTrace() });
  assert.deepEqual(data.run.blocks, [
    {
      title: "Log lines outside of the spans (1)",
      isFolded: false,
      logs: [{ when: "+10 ms gateway", level: "info", message: "accepted", rest: "" }],
    },
  ]);
  assert.deepEqual(data.notices, ["3 log lines left out"]);
});

const sent = (id: number, step: string) =>
  sampleSpan(id, 1, "publish genesis.v1.step.dispatched", { at: id, attributes: { "genesis.step": step } });

test("steps that nobody took are told first, each once", () => {
  const spans = [
    sampleSpan(1, undefined, "process x.y", { at: 0 }),
    ...["a", "a", "b", "c", "d"].map((step, i) => sent(i + 2, step)),
  ];
  assert.deepEqual(pageData({ run, steps: [], logs, spans }).notices, [
    "nobody is known to have taken steps a, b, c and 1 more",
  ]);
});

test("a step that somebody took at a later attempt was taken", () => {
  const spans = [
    sampleSpan(1, undefined, "process x.y", { at: 0 }),
    sent(2, "a"),
    sent(3, "a"),
    sampleSpan(4, 3, "process genesis.v1.step.dispatched", { at: 5, attributes: { "genesis.step": "a" } }),
  ];
  assert.deepEqual(pageData({ run, steps: [], logs, spans }).notices, []);
});

test("a trace that nobody could read to its end is cut, and says so", () => {
  const spans = Array.from({ length: 5003 }, (_, i) =>
    sampleSpan(i + 1, i === 0 ? undefined : 1, "custom.measure", { at: i }),
  );
  const data = pageData({ run, steps: [], logs, spans });
  assert.deepEqual([data.rows.length, data.notices], [5000, ["3 rows left out"]]);
});
