import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { growthOf, linesOf } from "../../test/support/metrics.ts";
import { delivered, recordSpans, spansOf } from "../../test/support/spans.ts";
import { GenesisError } from "../contract/errors.ts";
import { createLog, useLog } from "./logging.ts";
import { processSpan } from "./messaging.ts";
import type { SpanAttributes } from "./names.ts";
import { span, timedOperation, traced } from "./operations.ts";
import { part } from "./parts.ts";

before(recordSpans);

type Line = Record<string, unknown>;

/** The lines that the process's log gets while `fn` runs. */
async function linesWhile(fn: () => unknown): Promise<Line[]> {
  const lines: Line[] = [];
  const out = { write: (line: string): void => void lines.push(JSON.parse(line) as Line) };
  useLog(createLog({ service: "halo", level: "info", format: "json" }, out));
  await fn();
  return lines;
}

test("an operation that waits is a span of the domain, and a parent of what happens inside", async () => {
  const [process, invoke, inside] = await spansOf(() =>
    processSpan(delivered(), () =>
      span("invoke_agent", { "gen_ai.agent.name": "file-lister" }, async () => {
        await Promise.resolve();
        part("halo.route", () => {});
      }),
    ),
  );
  assert.equal(invoke!.name, "invoke_agent file-lister");
  assert.equal(invoke!.attributes["genesis.layer"], "EXECUTION");
  assert.equal(invoke!.parentSpanContext?.spanId, process!.spanContext().spanId);
  assert.equal(inside!.parentSpanContext?.spanId, invoke!.spanContext().spanId);
});

test("an attribute that is not in the table is not told, so no goal, input or output can slip in", async () => {
  const slips = { "gen_ai.tool.name": "git", goal: "canary", "genesis.output": "canary" };
  const [only] = await spansOf(() => span("execute_tool", slips as SpanAttributes, () => {}));
  assert.deepEqual(only!.attributes, { "genesis.layer": "EXECUTION", "gen_ai.tool.name": "git" });
});

test("an operation may be sync: what it returns is what comes back, and the span is over by then", async () => {
  const [only] = await spansOf(() => {
    const answer: number = span("chat", { "gen_ai.request.model": "m1" }, () => 42);
    assert.equal(answer, 42);
  });
  assert.equal(only!.name, "chat m1");
  assert.equal(only!.kind, SpanKind.CLIENT);
  assert.ok(only!.ended);
});

for (const [how, fail] of [
  [
    "throws",
    (error: Error) => () => {
      throw error;
    },
  ],
  [
    "rejects",
    (error: Error) => async () => {
      throw error;
    },
  ],
] as const) {
  test(`an operation that ${how} marks its span, becomes one log line with its ids, and passes the error on unchanged`, async () => {
    const failure = new GenesisError("E_TIMEOUT");
    let spans: Awaited<ReturnType<typeof spansOf>> = [];
    const lines = await linesWhile(async () => {
      spans = await spansOf(() =>
        assert.rejects(
          processSpan(delivered(), async () => span("execute_tool", {}, fail(failure))),
          (error) => error === failure,
        ),
      );
    });
    const [process, tool] = spans;
    for (const marked of [process, tool]) {
      assert.equal(marked!.attributes["error.type"], "E_TIMEOUT");
      assert.deepEqual(marked!.status, { code: SpanStatusCode.ERROR, message: "E_TIMEOUT" });
      assert.deepEqual(marked!.events, []);
    }
    assert.equal(lines.length, 1);
    const { event, code, level, trace_id, span_id, run } = lines[0]!;
    assert.deepEqual(
      { event, code, level, trace_id, span_id, run },
      {
        event: "exception",
        code: "E_TIMEOUT",
        level: "warn",
        trace_id: tool!.spanContext().traceId,
        span_id: tool!.spanContext().spanId,
        run: "run-1",
      },
    );
  });
}

test("whatever is thrown is passed on: no error at all, a frozen one, the same one twice", async () => {
  const same = new GenesisError("E_AGENT");
  const lines = await linesWhile(() => {
    for (const thrown of [undefined, null, "text", 7, Object.freeze(new Error("frozen")), same, same])
      assert.throws(
        () =>
          span("execute_tool", {}, () => {
            throw thrown;
          }),
        (error) => error === thrown,
      );
  });
  assert.equal(lines.filter(({ event }) => event === "exception").length, 6);
});

test("a timed operation is a span, and its duration is in the histogram that its row names", async () => {
  const counted = `aop_validate_duration_seconds_count`;
  let spans: Awaited<ReturnType<typeof spansOf>> = [];
  const grown = await growthOf(counted, async () => {
    spans = await spansOf(() => timedOperation("aop.validate", {}, () => {}));
  });
  assert.equal(grown, 1);
  const lines = await linesOf("aop_validate_duration_seconds_bucket");
  assert.ok(lines.some((line) => line.includes(`span_id="${spans[0]!.spanContext().spanId}"`)));
});

test("a timed operation without such a row is in the histogram of all operations, when it fails too", async () => {
  const counted = `operation_duration_seconds_count{operation="execute_tool"}`;
  const grown = await growthOf(counted, async () => {
    assert.equal(await timedOperation("execute_tool", {}, async () => 1), 1);
    assert.equal(
      timedOperation("execute_tool", {}, () => 2),
      2,
    );
    await assert.rejects(timedOperation("execute_tool", {}, () => Promise.reject(new Error("x"))));
    assert.throws(() =>
      timedOperation("execute_tool", {}, () => {
        throw new Error("x");
      }),
    );
  });
  assert.equal(grown, 4);
});

test("a traced function is the same function: its receiver, arguments, result, name and length", async () => {
  const counter = {
    total: 1,
    add(this: { total: number }, a: number, b: number): number {
      return this.total + a + b;
    },
  };
  const add = traced("execute_tool", counter.add, { "gen_ai.tool.name": "adder" });
  let sum = 0;
  const [only] = await spansOf(() => (sum = add.call(counter, 2, 3)));
  assert.equal(sum, 6);
  assert.equal(only!.name, "execute_tool adder");
  assert.deepEqual([add.name, add.length], ["add", 2]);
});

test("what settles later and is no promise is waited for too", async () => {
  const failure = new GenesisError("E_TIMEOUT");
  const counted = `operation_duration_seconds_sum{operation="execute_tool"}`;
  let spans: Awaited<ReturnType<typeof spansOf>> = [];
  const grown = await growthOf(counted, async () => {
    spans = await spansOf(async () => {
      assert.equal(await span("execute_tool", {}, () => lazy(15)), 15);
      assert.equal(await timedOperation("execute_tool", {}, () => lazy(15)), 15);
      await assert.rejects(async () => span("execute_tool", {}, () => lazy(15, failure)));
    });
  });
  assert.ok(grown >= 0.014);
  for (const { duration } of spans) assert.ok(duration[0] * 1000 + duration[1] / 1e6 >= 14);
  assert.deepEqual(
    spans.map(({ attributes }) => attributes["error.type"]),
    [undefined, undefined, "E_TIMEOUT"],
  );
});

/** As builders of queries are: nothing happens before it is waited for. */
function lazy(ms: number, failure?: Error): PromiseLike<number> {
  return {
    // oxlint-disable-next-line unicorn/no-thenable -- that is what it is here for
    then: (done, fail) =>
      sleep(ms)
        .then(() => (failure === undefined ? ms : Promise.reject(failure)))
        .then(done, fail),
  };
}

test("a traced async function is a span until it has settled", async () => {
  const late = traced("execute_tool", async (ms: number) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return ms;
  });
  const [only] = await spansOf(async () => assert.equal(await late(15), 15));
  const [seconds, ns] = only!.duration;
  assert.ok(seconds * 1000 + ns / 1e6 >= 14);
});
