import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { SpanStatusCode } from "@opentelemetry/api";
import { spansOfLine } from "./span.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";

const line = (span: object, service = "htdag"): string =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
        scopeSpans: [{ scope: { name: "genesis" }, spans: [span] }],
      },
    ],
  });
const bare = {
  traceId: TRACE,
  spanId: "b7ad6b7169203331",
  name: "process",
  startTimeUnixNano: "1767225600000250000",
  endTimeUnixNano: "1767225600003750000",
};

test("a span is read with its times, attributes and links", () => {
  const attributes = [
    { key: "messaging.nats.queue_wait", value: { doubleValue: 0.0125 } },
    { key: "genesis.attempt", value: { intValue: "2" } },
    { key: "genesis.step", value: { stringValue: "count" } },
    { key: "aop.passed", value: { boolValue: true } },
    { key: "a.list", value: { arrayValue: { values: [{ stringValue: "x" }, { stringValue: "y" }] } } },
    { key: "bytes", value: { bytesValue: "AA==" } },
  ];
  const links = [{ traceId: TRACE, spanId: "00f067aa0ba902b7", attributes: [] }];
  const text = line({
    ...bare,
    parentSpanId: "00f067aa0ba902b7",
    kind: 5,
    attributes,
    links,
    status: { code: 0 },
  });
  assert.deepEqual(spansOfLine(text), [
    {
      traceId: TRACE,
      spanId: "b7ad6b7169203331",
      parentSpanId: "00f067aa0ba902b7",
      name: "process",
      service: "htdag",
      startMs: 1767225600000.25,
      durationMs: 3.5,
      queueWaitMs: 12.5,
      attributes: {
        "messaging.nats.queue_wait": 0.0125,
        "genesis.attempt": 2,
        "genesis.step": "count",
        "aop.passed": true,
        "a.list": "x, y",
      },
      links: [{ traceId: TRACE, spanId: "00f067aa0ba902b7" }],
    },
  ]);
});

test("a failed span says with which code", () => {
  const attributes = [{ key: "error.type", value: { stringValue: "E_AGENT" } }];
  assert.equal(spansOfLine(line({ ...bare, attributes, status: { code: 2 } }))[0]?.error, "E_AGENT");
  assert.equal(spansOfLine(line({ ...bare, status: { code: 2 } }))[0]?.error, "error");
});

test("what a span tells of single moments is read with it", () => {
  const attributes = [{ key: "halo.agent", value: { stringValue: "worker" } }];
  const [span] = spansOfLine(
    line({ ...bare, events: [{ name: "halo.candidate", timeUnixNano: "1", attributes }, { name: "bare" }] }),
  );
  assert.deepEqual(span?.events, [
    { name: "halo.candidate", attributes: { "halo.agent": "worker" } },
    { name: "bare", attributes: {} },
  ]);
});

test("times that are numbers are read as well as times that are text, however large", () => {
  const [span] = spansOfLine(line({ ...bare, startTimeUnixNano: 1e21, endTimeUnixNano: 1e21 }));
  assert.deepEqual([span?.startMs, span?.durationMs], [1e15, 0]);
});

test("what is no span gives none, and costs no other span its place", () => {
  const whole = line(bare);
  const bad = [
    "",
    "{",
    whole.slice(0, -20),
    "[]",
    "null",
    '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":1}]}]}]}',
  ];
  for (const text of bad) assert.deepEqual(spansOfLine(text), [], text);
  const mixed = `{"resourceSpans":[{"scopeSpans":[{"spans":[7,${JSON.stringify(bare)}]},{}]},{"resource":{}}]}`;
  assert.deepEqual(
    spansOfLine(mixed).map(({ service, name }) => [service, name]),
    [["unknown", "process"]],
  );
});

test("what the library writes is what is read", () => {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "aop" }),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  const span = provider
    .getTracer("genesis")
    .startSpan("aop.validate", { attributes: { "genesis.run": "abc" } });
  span.setStatus({ code: SpanStatusCode.ERROR }).end();
  const [read] = spansOfLine(
    Buffer.from(JsonTraceSerializer.serializeRequest(exporter.getFinishedSpans())!).toString(),
  );
  assert.ok(read);
  assert.equal(read.traceId, span.spanContext().traceId);
  assert.deepEqual(
    [read.name, read.service, read.error, read.attributes],
    ["aop.validate", "aop", "error", { "genesis.run": "abc" }],
  );
  assert.ok(Math.abs(read.startMs - Date.now()) < 10_000);
});
