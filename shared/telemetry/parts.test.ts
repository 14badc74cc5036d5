import { SpanKind } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { delivered, endOf, recordSpans, spansOf, startOf } from "../../test/support/spans.ts";
import { linesOf } from "../../test/support/metrics.ts";
import { GenesisError } from "../contract/errors.ts";
import { processSpan } from "./messaging.ts";
import { purgeMetrics } from "./metrics.ts";
import { applyObservation } from "./observation.ts";
import { part } from "./parts.ts";

before(recordSpans);

const busyFor = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

test("parts of a decision are spans under the message, with their true times, and nest", async () => {
  const spans = await spansOf(() =>
    processSpan(delivered(), async () => {
      part("halo.route", () => {
        part("halo.apply_rules", () => busyFor(2));
        busyFor(2);
      });
      busyFor(5);
    }),
  );
  assert.deepEqual(
    spans.map((span) => span.name),
    ["process genesis.v1.plan.decomposed", "halo.route", "halo.apply_rules"],
  );
  const [process, route, rules] = spans;
  assert.equal(route!.parentSpanContext?.spanId, process!.spanContext().spanId);
  assert.equal(rules!.parentSpanContext?.spanId, route!.spanContext().spanId);
  assert.equal(route!.kind, SpanKind.INTERNAL);
  assert.equal(route!.attributes["genesis.layer"], "HALO");
  assert.ok(endOf(route!) - startOf(route!) >= 4);
  assert.ok(endOf(rules!) < endOf(route!));
  assert.ok(endOf(process!) - endOf(route!) >= 5);
});

test("a part hands back what it made, and throws on what was thrown", async () => {
  const refusal = new GenesisError("E_DAG_CYCLE");
  const spans = await spansOf(() =>
    processSpan(delivered(), async () => {
      assert.equal(
        part("aop.validate", () => 41 + 1),
        42,
      );
      assert.throws(
        () =>
          part("aop.check.structure", () => {
            throw refusal;
          }),
        (error) => error === refusal,
      );
    }),
  );
  assert.equal(spans[2]!.attributes["error.type"], "E_DAG_CYCLE");
  assert.equal(spans[0]!.attributes["error.type"], undefined);
});

test("a part outside of any message is a span of its own", async () => {
  const spans = await spansOf(() => part("htdag.decompose", () => {}));
  assert.deepEqual(
    spans.map(({ name, parentSpanContext }) => [name, parentSpanContext]),
    [["htdag.decompose", undefined]],
  );
});

test("a part that is in no row is run all the same, and is no span", async () => {
  const spans = await spansOf(() =>
    assert.equal(
      part("made.up", () => 7),
      7,
    ),
  );
  assert.deepEqual(spans, []);
});

test("what follows a part's name tells it apart, is the step that it is about, and no part of its span's name", async () => {
  const [first, second] = await spansOf(() =>
    processSpan(delivered(), async () => {
      part("halo.decide build", () => {});
      part("halo.decide test", () => {});
      applyObservation(() => ({
        parts: [
          { part: "halo.decide", key: "test", attributes: { "halo.agent": "tester" } },
          { part: "halo.decide", key: "build", attributes: { "halo.agent": "builder" } },
        ],
      }));
    }),
  ).then((spans) => spans.slice(1));
  assert.equal(first!.name, "halo.decide");
  assert.equal(first!.attributes["genesis.step"], "build");
  assert.equal(first!.attributes["halo.agent"], "builder");
  assert.equal(second!.attributes["halo.agent"], "tester");
});

test("of a decision that was made again the last run is described", async () => {
  const spans = await spansOf(() =>
    processSpan(delivered(), async () => {
      part("halo.route", () => {});
      part("halo.route", () => {});
      applyObservation(() => ({ parts: [{ part: "halo.route", attributes: { "halo.unrouted_count": 1 } }] }));
    }),
  );
  const [, first, again] = spans;
  assert.equal(first!.attributes["halo.unrouted_count"], undefined);
  assert.equal(again!.attributes["halo.unrouted_count"], 1);
});

test("the duration of a part is in its histogram, with labels of what was told of it and its own span as exemplar", async () => {
  // What other tests of this process have recorded would take the room.
  purgeMetrics(0);
  const [, plan] = await spansOf(() =>
    processSpan(delivered(), async () => {
      part("htdag.decompose", () => busyFor(3));
      applyObservation(() => ({
        parts: [{ part: "htdag.decompose", attributes: { "htdag.planner": "llm" } }],
      }));
    }),
  );
  // In which bucket it is depends on how busy the machine is.
  const lines = await linesOf("htdag_decompose_duration_seconds_bucket{");
  const own = `span_id="${plan!.spanContext().spanId}"`;
  assert.equal(lines.filter((line) => line.includes(`planner="llm"`) && line.includes(own)).length, 1);
});

test("a part without a histogram of its own is in that of all operations", async () => {
  // What other tests of this process have recorded would take the room.
  purgeMetrics(0);
  await processSpan(delivered(), async () => part("aop.check.redundancy", () => busyFor(0.2)));
  const lines = await linesOf(`operation_duration_seconds_count{operation="aop.check.redundancy"}`);
  assert.equal(lines.length, 1);
});
