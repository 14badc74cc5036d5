import assert from "node:assert/strict";
import { test } from "node:test";
import { linkTo, sampleSpan, sampleTrace, TRACE } from "../../test/support/sample-spans.ts";
import { PLAIN } from "./paint.ts";
import { traceLines } from "./trace.ts";

/** The lines of the table alone. */
const tableOf = (lines: string[]): string[] =>
  lines.slice(lines.findIndex((line) => line.startsWith("MESSAGE")) + 1);

test("a relay goes straight down, what its handling did is indented, and a fork has a line of its own", () => {
  assert.deepEqual(traceLines(sampleTrace(), PLAIN), [
    `trace ${TRACE}`,
    "15 spans of 3 services in 80 ms",
    "the time went into agents 75 %, waiting for a consumer 10 %, execution 9 %, sending messages 6 %",
    "",
    "Each message was brought about by the one above it on its line; what is indented below it is what its handling did.",
    "◆ on the path that decided when the run ended   ● any other   ○ nobody is known to have taken it",
    "",
    "MESSAGE                  SERVICE             AT      SENDING  WAITED  TOOK",
    "◆ plan.validated         aop → execution     +0 ms   3 ms     4 ms    10 ms",
    "│   custom.measure       execution           +6 ms                    2 ms",
    "├─● step.dispatched      execution → agents  +8 ms   2 ms     1 ms    20 ms  a",
    "│ ● step.completed       agents → execution  +28 ms  2 ms             2 ms   a",
    "├─● timers.set ×2        execution           +12 ms  3 ms                    a, b",
    "◆ step.dispatched        execution → agents  +9 ms   2 ms             60 ms  b, attempt 2, E_AGENT",
    "│   invoke_agent worker  agents              +12 ms                   50 ms",
    "◆ step.failed            agents → execution  +70 ms  2 ms     4 ms    5 ms   b, attempt 2, linked to step.completed a",
    "◆ run.finished           execution           +78 ms  1 ms",
  ]);
});

test("a message for two consumers has a line for each, and the branch that goes on longest keeps the main line", () => {
  const spans = [
    sampleSpan(1, undefined, "publish genesis.v1.task.submitted", { at: 0, service: "gateway" }),
    sampleSpan(2, 1, "process genesis.v1.task.submitted", { at: 1, service: "htdag", took: 9 }),
    sampleSpan(3, 1, "process genesis.v1.task.submitted", { at: 2, service: "execution" }),
  ];
  assert.deepEqual(tableOf(traceLines(spans, PLAIN)), [
    "◆ task.submitted    gateway      +0 ms  2 ms",
    "├─● task.submitted  → execution  +2 ms                   2 ms",
    "◆ task.submitted    → htdag      +1 ms                   9 ms",
  ]);
});

test("redeliveries, lost parents, a timer's delay and what is in no file are told", () => {
  const spans = [
    sampleSpan(1, undefined, "publish genesis.timers.set", { at: 0 }),
    sampleSpan(2, 1, "process genesis.timers.fired", {
      at: 510,
      queueWaitMs: 10,
      attributes: { "messaging.nats.delivery_count": 3 },
    }),
    sampleSpan(3, 99, "process genesis.v1.plan.routed", {
      at: 600,
      links: [{ traceId: "ab".repeat(16), spanId: "7".repeat(16) }],
    }),
  ];
  assert.deepEqual(tableOf(traceLines(spans, PLAIN)), [
    "● timers.set   execution → execution  +0 ms    2 ms     10 ms   2 ms  delivery 3, fired after 500 ms",
    "",
    "◆ plan.routed  → execution            +600 ms                   2 ms  its parent was not recorded, linked to trace abababab",
  ]);
});

test("a step that nobody took is named before where the time went, which points at its timer", () => {
  const attributes = { "genesis.step": "a" };
  const spans = [
    sampleSpan(1, undefined, "process genesis.v1.plan.validated", { at: 0 }),
    sampleSpan(2, 1, "publish genesis.v1.step.dispatched", { at: 1, attributes }),
    sampleSpan(3, 1, "publish genesis.timers.set", { at: 1, attributes }),
    sampleSpan(4, 3, "process genesis.timers.fired", { at: 60_000, attributes }),
    sampleSpan(5, 4, "publish genesis.v1.run.finished", { at: 60_001 }),
  ];
  const lines = traceLines(spans, PLAIN);
  assert.deepEqual(lines.slice(2, 4), [
    "nobody is known to have taken step a",
    "the time went into waiting for a timer 100 %",
  ]);
  assert.match(lines.join("\n"), /\n├─○ step\.dispatched /);
  assert.doesNotMatch(traceLines(sampleTrace(), PLAIN).slice(0, 4).join("\n"), /nobody/);
});

/** A dispatched step whose agent keeps its spans elsewhere, and the handling of its answer under that parent. */
const externally = (parent: number, links: ReturnType<typeof linkTo>[] = []) => {
  const attributes = { "genesis.step": "a", "genesis.attempt": 1 };
  return [
    sampleSpan(1, undefined, "process genesis.v1.plan.decomposed", { at: 0, service: "halo" }),
    sampleSpan(2, 1, "halo.decide", {
      at: 1,
      service: "halo",
      attributes: { ...attributes, "halo.agent": "greeter" },
    }),
    sampleSpan(3, 1, "publish genesis.v1.step.dispatched", { at: 2, attributes }),
    sampleSpan(4, parent, "process genesis.v1.step.completed", { at: 50, attributes, links, queueWaitMs: 1 }),
    sampleSpan(5, 4, "publish genesis.v1.run.finished", { at: 51 }),
  ];
};
const DRAWN = [
  "◆ plan.decomposed  → halo                                      +0 ms                   2 ms",
  "│   halo.decide    halo                                        +1 ms                   2 ms  a",
  "◆ step.dispatched  execution → greeter (writes no spans here)  +2 ms   2 ms                  a",
  "◆ step.completed   → execution                                 +50 ms           1 ms    2 ms  a",
  "◆ run.finished     execution                                   +51 ms  2 ms",
];

/** Lines without what depends on the critical path and on the width of columns. */
function alike(lines: readonly string[]): string[] {
  return lines.map((line) => line.replaceAll("◆", "●").replaceAll(/ +/g, " ").trim());
}

for (const [how, parent] of [
  ["hands the trace on as it got it", 3],
  ["names a span of its own", 77],
] as const) {
  test(`an agent that writes no spans here and ${how} is drawn as the one who took the step`, () => {
    const lines = tableOf(traceLines(externally(parent, [linkTo(78)]), PLAIN));
    assert.deepEqual(alike(lines), alike(DRAWN));
  });
}

test("of many links the first are named, and how many more there are", () => {
  const ids = [1, 2, 3, 4, 5];
  const inputs = ids.map((id) =>
    sampleSpan(id, undefined, "publish genesis.v1.step.completed", {
      at: id,
      attributes: { "genesis.step": `s${id}` },
    }),
  );
  const join = sampleSpan(9, 5, "process genesis.v1.step.completed", {
    at: 8,
    links: ids.slice(0, 4).map(linkTo),
  });
  const last = traceLines([...inputs, join], PLAIN).at(-1)!;
  assert.match(last, / s5, linked to step\.completed s1, s2, s3 and 1 more$/);
});

test("a chain of two hundred messages stays as wide as one of two", () => {
  const chain = Array.from({ length: 400 }, (_, i) =>
    sampleSpan(i + 1, i || undefined, `${i % 2 ? "process" : "publish"} x.y`, { at: i }),
  );
  const lines = tableOf(traceLines(chain, PLAIN));
  assert.equal(lines.length, 200);
  assert.ok(lines.every((line) => line.length < 80));
});
