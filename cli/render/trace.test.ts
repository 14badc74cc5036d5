import assert from "node:assert/strict";
import { test } from "node:test";
import { spanTrees } from "../trace/span-tree.ts";
import type { Span } from "../trace/span.ts";
import { PLAIN } from "./paint.ts";
import { traceLines } from "./trace.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const START_MS = Date.parse("2026-01-01T00:00:00Z");

/** A span that begins `at` ms after the start. */
const span = (
  spanId: string,
  parentSpanId: string | undefined,
  name: string,
  at: number,
  more: Partial<Span> = {},
): Span => ({
  traceId: TRACE,
  spanId,
  ...(parentSpanId !== undefined && { parentSpanId }),
  name,
  service: "aop",
  startMs: START_MS + at,
  durationMs: 2,
  attributes: {},
  links: [],
  ...more,
});

test("a relay goes straight down, what happens inside a span hangs on it, and a fork moves to the right", () => {
  const spans = [
    span("1", undefined, "publish genesis.v1.plan.routed", 0),
    span("2", "1", "process genesis.v1.plan.routed", 3, { queueWaitMs: 1.25, durationMs: 12 }),
    span("3", "2", "aop.validate", 4),
    span("4", "2", "publish genesis.v1.plan.validated", 7),
    span("5", "4", "process genesis.v1.plan.validated", 9, { service: "execution" }),
    span("6", "5", "publish genesis.v1.step.dispatched", 10, {
      service: "execution",
      attributes: { "genesis.step": "a" },
    }),
    span("7", "6", "process genesis.v1.step.dispatched", 11, {
      service: "agents",
      durationMs: 1500,
      error: "E_AGENT",
      attributes: { "genesis.step": "a", "genesis.attempt": 2, "messaging.nats.delivery_count": 3 },
    }),
    span("8", "5", "publish genesis.v1.step.dispatched", 10.5, {
      service: "execution",
      attributes: { "genesis.step": "b" },
    }),
    span("9", "8", "process genesis.v1.step.dispatched", 12, {
      service: "agents",
      attributes: { "genesis.step": "b" },
    }),
    span("a", "lost", "publish genesis.v1.step.completed", 20, { service: "agents" }),
  ];
  assert.deepEqual(traceLines(spanTrees(spans), PLAIN), [
    `trace ${TRACE}`,
    "10 spans of 3 services in 1.5 s",
    "",
    "SPAN                                      SERVICE    AT      TOOK   WAITED",
    "publish genesis.v1.plan.routed            aop        +0 ms   2 ms",
    "process genesis.v1.plan.routed            aop        +3 ms   12 ms  1.3 ms",
    "├─ aop.validate                           aop        +4 ms   2 ms",
    "publish genesis.v1.plan.validated         aop        +7 ms   2 ms",
    "process genesis.v1.plan.validated         execution  +9 ms   2 ms",
    "├─ publish genesis.v1.step.dispatched     execution  +10 ms  2 ms           a",
    "│  └─ process genesis.v1.step.dispatched  agents     +11 ms  1.5 s          a, attempt 2, delivery 3, E_AGENT",
    "└─ publish genesis.v1.step.dispatched     execution  +11 ms  2 ms           b",
    "   └─ process genesis.v1.step.dispatched  agents     +12 ms  2 ms           b",
    "publish genesis.v1.step.completed         agents     +20 ms  2 ms           its parent was not recorded",
  ]);
});

test("a chain of two hundred hops stays as wide as one of two", () => {
  const chain = Array.from({ length: 400 }, (_, i) =>
    span(String(i), i === 0 ? undefined : String(i - 1), "process x", i),
  );
  const lines = traceLines(spanTrees(chain), PLAIN);
  assert.equal(lines.length, 404);
  assert.ok(Math.max(...lines.map((line) => line.length)) < 60);
});
