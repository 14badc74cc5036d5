import { SpanKind } from "@opentelemetry/api";
import { SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import assert from "node:assert/strict";
import { test } from "node:test";
import { consoleSpans } from "./console-spans.ts";

test("a span is one JSON line, which a reader of the log can take for one", () => {
  const lines: string[] = [];
  const exporter = consoleSpans("halo", { write: (line) => void lines.push(line) });
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const linked = { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 };
  const span = provider.getTracer("test").startSpan("halo.route", {
    kind: SpanKind.CONSUMER,
    startTime: [1_767_225_600, 500_000_000],
    attributes: { "halo.task_count": 2 },
    links: [{ context: linked, attributes: { "genesis.link": "join" } }],
  });
  span.addEvent("halo.candidate", { "halo.candidate.agent": "a" });
  span.end([1_767_225_600, 502_500_000]);
  assert.equal(lines.length, 1);
  const { trace_id, span_id, ...rest } = JSON.parse(lines[0]!);
  assert.deepEqual(
    { trace_id, span_id },
    { trace_id: span.spanContext().traceId, span_id: span.spanContext().spanId },
  );
  assert.deepEqual(rest, {
    level: "info",
    time: "2026-01-01T00:00:00.500Z",
    service: "halo",
    event: "span",
    msg: "halo.route",
    kind: "CONSUMER",
    duration_ms: 2.5,
    status: "UNSET",
    attributes: { "halo.task_count": 2 },
    events: [{ name: "halo.candidate", attributes: { "halo.candidate.agent": "a" } }],
    links: [{ trace_id: linked.traceId, span_id: linked.spanId, attributes: { "genesis.link": "join" } }],
  });
});
