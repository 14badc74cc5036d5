import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import {
  SPAN_ID,
  TRACE_ID,
  delivered,
  endOf,
  recordSpans,
  spansOf,
  startOf,
} from "../../test/support/spans.ts";
import { GenesisError } from "../contract/errors.ts";
import { CorrelationContext } from "./correlation.ts";
import { linkJoined } from "./links.ts";
import { useBroker, type PublishedMessage } from "./message-attributes.ts";
import { currentTraceparent, processSpan, publishSpan, rootPublishSpan } from "./messaging.ts";
import { traceIdOf } from "./trace-context.ts";

before(recordSpans);

const routed: PublishedMessage = {
  template: "genesis.v1.plan.routed",
  stream: "GENESIS",
  messageId: "fedcba9876543210fedcba9876543210",
  correlationId: "correlation-1",
  bytes: 900,
  run: "run-1",
};
const elsewhere = { traceparent: "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01" };

const traceOf = (i: number): string => i.toString(16).padStart(32, "0");
const refused = (): Promise<never> => Promise.reject(new GenesisError("E_STORAGE"));
const nothing = async (): Promise<void> => {};

test("the span of a message hangs under the span that produced it, with the attributes of the conventions", async () => {
  useBroker("nats://user:secret@broker.example:4222");
  const [span] = await spansOf(() => processSpan(delivered({ step: "build", attempt: 2 }), nothing));
  assert.equal(span!.name, "process genesis.v1.plan.decomposed");
  assert.equal(span!.kind, SpanKind.CONSUMER);
  assert.equal(span!.spanContext().traceId, TRACE_ID);
  assert.equal(span!.parentSpanContext?.spanId, SPAN_ID);
  assert.deepEqual(span!.links, []);
  assert.deepEqual(span!.attributes, {
    "server.address": "broker.example",
    "server.port": 4222,
    "messaging.system": "nats",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.destination.name": "GENESIS",
    "messaging.destination.template": "genesis.v1.plan.decomposed",
    "messaging.consumer.group.name": "halo",
    "messaging.message.id": "0123456789abcdef0123456789abcdef",
    "messaging.message.conversation_id": "correlation-1",
    "messaging.message.body.size": 512,
    "messaging.nats.stream": "GENESIS",
    "messaging.nats.sequence": 7,
    "messaging.nats.delivery_count": 1,
    "messaging.nats.queue_wait": 0.0025,
    "genesis.run": "run-1",
    "genesis.step": "build",
    "genesis.attempt": 2,
  });
});

test("what is published while a message is handled hangs under its span and carries its own context on", async () => {
  let sent: Record<string, string> = {};
  const spans = await spansOf(() =>
    processSpan(delivered(), () => publishSpan(routed, async (headers) => void (sent = headers))),
  );
  const [process, publish] = spans;
  assert.equal(publish!.name, "publish genesis.v1.plan.routed");
  assert.equal(publish!.kind, SpanKind.PRODUCER);
  assert.equal(publish!.parentSpanContext?.spanId, process!.spanContext().spanId);
  assert.deepEqual(sent, { traceparent: `00-${TRACE_ID}-${publish!.spanContext().spanId}-01` });
  assert.equal(publish!.attributes["messaging.operation.name"], "publish");
  assert.equal(publish!.attributes["messaging.operation.type"], "send");
});

test("a child never begins before its parent, nor does a span take less than no time", async () => {
  const spans = await spansOf(() => processSpan(delivered(), () => publishSpan(routed, () => turn())));
  assert.ok(startOf(spans[1]!) >= startOf(spans[0]!));
  assert.ok(endOf(spans[1]!) <= endOf(spans[0]!));
  assert.ok(spans.every((span) => endOf(span) >= startOf(span)));
});

test("tracestate travels with the trace", async () => {
  let sent: Record<string, string> = {};
  await processSpan(delivered({ tracestate: "vendor=1" }), () =>
    publishSpan(routed, async (headers) => void (sent = headers)),
  );
  assert.equal(sent["tracestate"], "vendor=1");
});

test("a message without a usable context starts a trace", async () => {
  for (const traceparent of [undefined, "garbage", `00-${TRACE_ID.toUpperCase()}-${SPAN_ID}-01`]) {
    const [span] = await spansOf(() => processSpan(delivered({ traceparent }), nothing));
    assert.equal(span!.parentSpanContext, undefined);
    assert.notEqual(span!.spanContext().traceId, TRACE_ID);
  }
});

test("an unsampled message stays unsampled all the way", async () => {
  let sent: Record<string, string> = {};
  const spans = await spansOf(() =>
    processSpan(delivered({ traceparent: `00-${TRACE_ID}-${SPAN_ID}-00` }), () =>
      publishSpan(routed, async (headers) => void (sent = headers)),
    ),
  );
  assert.deepEqual(spans, []);
  assert.match(sent["traceparent"]!, new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-00$`));
});

test("an unsampled message that starts a trace starts an unsampled one", async () => {
  let sent: Record<string, string> = {};
  const message = delivered({ traceparent: `00-${TRACE_ID}-${SPAN_ID}-00`, startsTrace: true });
  const spans = await spansOf(() =>
    processSpan(message, () => publishSpan(routed, async (headers) => void (sent = headers))),
  );
  assert.deepEqual(spans, []);
  assert.match(sent["traceparent"]!, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  assert.notEqual(traceIdOf(sent["traceparent"]!), TRACE_ID);
});

const linksOf = (span: ReadableSpan | undefined): unknown[] =>
  span!.links.map(({ context, attributes }) => [context.spanId, attributes?.["genesis.link"]]);

test("a join links every other input that has a context, where it is decided and where it is sent", async () => {
  const joins = [elsewhere.traceparent, "garbage"];
  const spans = await spansOf(() =>
    processSpan(delivered(), () => {
      linkJoined(joins);
      return publishSpan({ ...routed, joins }, nothing);
    }),
  );
  for (const span of spans) assert.deepEqual(linksOf(span), [["bbbbbbbbbbbbbbbb", "join"]]);
});

test("a join of 500 inputs links to the first 128 of them", async () => {
  const joins = Array.from(
    { length: 500 },
    (_, i) => `00-${TRACE_ID}-${(i + 1).toString(16).padStart(16, "0")}-01`,
  );
  const spans = await spansOf(() =>
    processSpan(delivered(), () => {
      linkJoined(joins);
      return publishSpan({ ...routed, joins }, nothing);
    }),
  );
  for (const span of spans) {
    assert.equal(span.links.length, 128);
    assert.equal(span.links[0]!.context.spanId, "0000000000000001");
  }
});

test("a redelivery is a span of its own beside the one before it, and links to that", async () => {
  const message = delivered({ seq: 4711 });
  const [first] = await spansOf(() => assert.rejects(processSpan(message, refused)));
  const [second] = await spansOf(() => processSpan({ ...message, deliveryCount: 2 }, nothing));
  const [third] = await spansOf(() => processSpan({ ...message, deliveryCount: 3 }, nothing));
  assert.deepEqual(linksOf(first), []);
  assert.deepEqual(linksOf(second), [[first!.spanContext().spanId, "attempt"]]);
  assert.deepEqual(linksOf(third), [[second!.spanContext().spanId, "attempt"]]);
  for (const span of [first, second, third]) assert.equal(span!.parentSpanContext?.spanId, SPAN_ID);
  assert.equal(third!.attributes["messaging.nats.delivery_count"], 3);
});

test("a redelivery of what another process had links to nothing, and so does one of another consumer", async () => {
  await processSpan(delivered({ seq: 4712 }), nothing);
  for (const message of [
    delivered({ seq: 4713, deliveryCount: 2 }),
    delivered({ seq: 4712, consumer: "aop", deliveryCount: 2 }),
  ])
    assert.deepEqual(linksOf((await spansOf(() => processSpan(message, nothing)))[0]), []);
});

test("what is read before it is known what to do is part of the work", async () => {
  const takenMs = Date.now() - 50;
  const [span] = await spansOf(() => processSpan(delivered({ takenMs }), nothing));
  assert.equal(startOf(span!), takenMs);
  assert.ok(endOf(span!) - takenMs >= 50);
});

test("a wait is never shorter than nothing, whatever two clocks say", async () => {
  const [span] = await spansOf(() => processSpan(delivered({ queueWaitMs: -3 }), nothing));
  assert.equal(span!.attributes["messaging.nats.queue_wait"], 0);
});

test("work scheduled far ahead starts a linked trace", async () => {
  const [span] = await spansOf(() => processSpan(delivered({ startsTrace: true }), nothing));
  assert.equal(span!.parentSpanContext, undefined);
  assert.deepEqual(linksOf(span), [[SPAN_ID, "cause"]]);
});

test("a later revision hangs under the submission and links to its cause", async () => {
  const spans = await spansOf(() =>
    processSpan(delivered(), () => publishSpan({ ...routed, under: elsewhere }, nothing)),
  );
  const [process, publish] = spans;
  assert.equal(publish!.parentSpanContext?.spanId, "bbbbbbbbbbbbbbbb");
  assert.deepEqual(linksOf(publish), [[process!.spanContext().spanId, "cause"]]);
});

test("what comes from outside into a run is linked, and the work stays in the run's trace", async () => {
  const [span] = await spansOf(() => processSpan(delivered({ under: elsewhere }), nothing));
  assert.equal(span!.spanContext().traceId, "a".repeat(32));
  assert.deepEqual(linksOf(span), [[SPAN_ID, "caller"]]);
});

test("at the door a fresh trace starts, the caller's context becomes a link", async () => {
  let sent: Record<string, string> = {};
  const spans = await spansOf(() =>
    processSpan(delivered({ traceparent: undefined }), () =>
      rootPublishSpan(
        routed,
        { caller: elsewhere, queueWaitMs: 250 },
        async (headers) => void (sent = headers),
      ),
    ),
  );
  const [process, publish] = spans;
  assert.equal(publish!.parentSpanContext, undefined);
  assert.deepEqual(linksOf(publish), [
    ["bbbbbbbbbbbbbbbb", "caller"],
    [process!.spanContext().spanId, "cause"],
  ]);
  assert.equal(publish!.attributes["messaging.nats.queue_wait"], 0.25);
  assert.equal(traceIdOf(sent["traceparent"]!), publish!.spanContext().traceId);
});

test("an error marks the span with its code and is thrown on unchanged", async () => {
  const failed = new GenesisError("E_STORAGE");
  const spans = await spansOf(() =>
    assert.rejects(
      processSpan(delivered(), () => publishSpan(routed, () => Promise.reject(failed))),
      (error) => error === failed,
    ),
  );
  for (const span of spans) {
    assert.equal(span.attributes["error.type"], "E_STORAGE");
    assert.deepEqual(span.status, { code: SpanStatusCode.ERROR, message: "E_STORAGE" });
    assert.deepEqual(span.events, []);
  }
  assert.equal(spans.length, 2);
});

test("of any other error only that it happened is told, never its text", async () => {
  const [span] = await spansOf(() =>
    assert.rejects(processSpan(delivered(), () => Promise.reject(new Error("buy 3 canaries")))),
  );
  assert.equal(span!.attributes["error.type"], "E_INTERNAL");
  assert.doesNotMatch(JSON.stringify([span!.attributes, span!.status, span!.events]), /canaries/);
});

test("1,000 interleaved messages keep their ids apart", async () => {
  const mixed: string[] = [];
  await Promise.all(
    Array.from({ length: 1000 }, (_, index) => index + 1).map((i) => {
      const message = delivered({
        traceparent: `00-${traceOf(i)}-${SPAN_ID}-01`,
        correlationId: `correlation-${i}`,
        run: `run-${i}`,
      });
      return processSpan(message, async () => {
        for (let hop = 0; hop <= i % 5; hop++) {
          await turn();
          const trace = traceIdOf(currentTraceparent()!);
          const { correlationId, run } = CorrelationContext.current();
          if (trace !== traceOf(i) || correlationId !== `correlation-${i}` || run !== `run-${i}`)
            mixed.push(`${i} saw ${trace} ${correlationId} ${run}`);
        }
      });
    }),
  );
  assert.deepEqual(mixed, []);
  assert.equal(currentTraceparent(), undefined);
  assert.deepEqual(CorrelationContext.current(), {});
});
