import assert from "node:assert/strict";
import { before, test } from "node:test";
import { recordSpans, spansOf } from "../../test/support/spans.ts";
import { readSettings } from "../config.ts";
import {
  CorrelationContext,
  SpanType,
  getObservability,
  logStructured,
  span,
  timedOperation,
  traced,
  tracedOperation,
} from "./observability.ts";

before(recordSpans);

test("there is one for a process", () => {
  assert.equal(getObservability(), getObservability());
});

test("it is the same library that everybody uses, from one place", () => {
  const manager = getObservability();
  assert.deepEqual(
    [manager.span, manager.timedOperation, manager.traced, manager.logStructured, manager.correlation],
    [span, timedOperation, traced, logStructured, CorrelationContext],
  );
  assert.equal(typeof tracedOperation("execute_tool"), "function");
  assert.equal(SpanType.HALO, "HALO");
});

test("from a line of work to its log, its span, its metric and their summary", async () => {
  const lines: Record<string, unknown>[] = [];
  const out = { write: (line: string): void => void lines.push(JSON.parse(line)) };
  const manager = getObservability();
  manager.openLog({ service: "halo", level: "info", format: "json" }, out);
  await manager.start({ service: "halo", version: "1.2.3", settings: readSettings({}) });
  const [only] = await spansOf(() =>
    manager.correlation.run(manager.correlation.create("order-7"), () =>
      manager.timedOperation("halo.route", {}, () => {
        manager.logStructured("info", { event: "routed", count: 2 }, "two steps");
        manager.recordMetric("unrouted", { reason: "unfit" });
      }),
    ),
  );
  const { event, correlation_id, trace_id, span_id, service } = lines[0]!;
  assert.deepEqual(
    { event, correlation_id, service, trace_id, span_id },
    {
      event: "routed",
      correlation_id: "order-7",
      service: "halo",
      trace_id: only!.spanContext().traceId,
      span_id: only!.spanContext().spanId,
    },
  );
  const { halo_route_duration_seconds: [timed] = [] } = await manager.metricsSummary();
  assert.ok(timed!.count! >= 1);
  const snapshots = await manager.snapshots();
  assert.ok(
    snapshots.some(({ name, labels }) => name === "halo_unrouted_total" && labels["reason"] === "unfit"),
  );
  assert.equal(manager.purge(60_000), 0);
  await manager.stop();
  await manager.stop();
});
