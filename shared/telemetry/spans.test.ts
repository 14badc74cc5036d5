import { SpanKind } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { delivered, endOf, recordSpans, spansOf, startOf } from "../../test/support/spans.ts";
import { GenesisError } from "../contract/errors.ts";
import { processSpan } from "./messaging.ts";
import { applyObservation, domainSpan, part } from "./spans.ts";

before(recordSpans);

const busyFor = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

test("parts of a decision are spans under the message, with their true times, and nest", async () => {
  const spans = await spansOf(() =>
    processSpan(delivered(), [], async () => {
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
    processSpan(delivered(), [], async () => {
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

test("an observation describes the message's span and, in their order, its parts", async () => {
  const spans = await spansOf(() =>
    processSpan(delivered(), [], async () => {
      part("halo.route", () => {
        part("halo.apply_rules", () => {});
        part("halo.apply_rules", () => {});
      });
      applyObservation(() => ({
        attributes: { "halo.task_count": 2 },
        parts: [
          { part: "halo.apply_rules", attributes: { "genesis.step": "first" } },
          { part: "halo.apply_rules", attributes: { "genesis.step": "second" } },
          { part: "halo.route", attributes: { "halo.unrouted_count": 0 } },
          { part: "aop.validate", attributes: { "aop.passed": true } },
        ],
      }));
    }),
  );
  const [process, route, first, second] = spans;
  assert.equal(process!.attributes["halo.task_count"], 2);
  assert.equal(route!.attributes["halo.unrouted_count"], 0);
  assert.equal(first!.attributes["genesis.step"], "first");
  assert.equal(second!.attributes["genesis.step"], "second");
});

test("of a decision that was made again the last run is described", async () => {
  const spans = await spansOf(() =>
    processSpan(delivered(), [], async () => {
      part("halo.route", () => {});
      part("halo.route", () => {});
      applyObservation(() => ({
        parts: [{ part: "halo.route", attributes: { "halo.unrouted_count": 1 } }],
      }));
    }),
  );
  const [, first, again] = spans;
  assert.equal(first!.attributes["halo.unrouted_count"], undefined);
  assert.equal(again!.attributes["halo.unrouted_count"], 1);
});

test("an observation that throws does not touch the work", async () => {
  const result = await processSpan(delivered(), [], async () => {
    applyObservation(() => {
      throw new Error("a bug in observe.ts");
    });
    return "done";
  });
  assert.equal(result, "done");
});

test("an operation that waits is a span of the domain, and a parent of what happens inside", async () => {
  const spans = await spansOf(() =>
    processSpan(delivered(), [], () =>
      domainSpan("invoke_agent", { "gen_ai.agent.name": "file-lister" }, async () => {
        part("halo.route", () => {});
      }),
    ),
  );
  const [process, invoke, inside] = spans;
  assert.equal(invoke!.name, "invoke_agent file-lister");
  assert.equal(invoke!.parentSpanContext?.spanId, process!.spanContext().spanId);
  assert.equal(inside!.parentSpanContext?.spanId, invoke!.spanContext().spanId);
});
