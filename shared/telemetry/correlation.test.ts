import assert from "node:assert/strict";
import { before, test } from "node:test";
import { TRACE_ID, delivered, recordSpans } from "../../test/support/spans.ts";
import { CorrelationContext } from "./correlation.ts";
import { currentTraceparent, processSpan } from "./messaging.ts";

before(recordSpans);

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const headers = (...entries: [string, string[]][]): Map<string, string[]> => new Map(entries);

test("a correlation is the caller's own, or a new one", () => {
  assert.deepEqual(CorrelationContext.create("order-7"), { correlationId: "order-7" });
  assert.match(CorrelationContext.create().correlationId, UUID);
  assert.notEqual(CorrelationContext.create().correlationId, CorrelationContext.create().correlationId);
});

test("it is read from a message, and begun anew where the message carries none that could travel on", () => {
  assert.deepEqual(CorrelationContext.fromHeaders(headers(["correlation-id", ["order-7"]])), {
    correlationId: "order-7",
  });
  for (const none of [headers(), headers(["correlation-id", ["two words\u0007"]])])
    assert.match(CorrelationContext.fromHeaders(none).correlationId, UUID);
});

test("it is handed on with the span that sends it", async () => {
  assert.deepEqual(CorrelationContext.toHeaders({ correlationId: "order-7" }), {
    "correlation-id": "order-7",
  });
  assert.deepEqual(CorrelationContext.toHeaders(), {});
  await processSpan(delivered(), async () => {
    const sent = CorrelationContext.toHeaders();
    assert.deepEqual(sent, { "correlation-id": "correlation-1", traceparent: currentTraceparent() });
    assert.equal(sent["traceparent"]?.split("-")[1], TRACE_ID);
  });
});

test("what is current holds inside alone, through awaits, and adds to what was", async () => {
  await CorrelationContext.run({ correlationId: "a", run: "r" }, async () => {
    await CorrelationContext.run({ step: "s" }, async () => {
      await Promise.resolve();
      assert.deepEqual(CorrelationContext.current(), { correlationId: "a", run: "r", step: "s" });
    });
    assert.deepEqual(CorrelationContext.current(), { correlationId: "a", run: "r" });
  });
  assert.deepEqual(CorrelationContext.current(), {});
});
