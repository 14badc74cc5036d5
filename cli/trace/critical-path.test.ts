import assert from "node:assert/strict";
import { test } from "node:test";
import { linkTo, sampleSpan, sampleTrace } from "../../test/support/sample-spans.ts";
import { criticalPath, segmentsOf, summedSegments } from "./critical-path.ts";
import type { Span } from "./span.ts";

const numbers = (spans: readonly Span[]): number[] =>
  criticalPath(spans).map((span) => Number.parseInt(span.spanId, 16));

test("the path leads from the end of the run back through what each span waited for", () => {
  assert.deepEqual(numbers(sampleTrace()), [1, 2, 8, 9, 11, 12, 13]);
});

test("as long as the run has no end, the path leads to the span that ends last", () => {
  const spans = sampleTrace().filter(({ name }) => !name.endsWith("run.finished"));
  assert.deepEqual(numbers(spans), [1, 2, 8, 9, 11, 12]);
});

test("what goes on after the end of the run decides nothing, nor does an end that was refused", () => {
  const late = sampleSpan(20, 8, "process genesis.v1.step.dispatched", { at: 11, took: 60_000 });
  const refused = sampleSpan(21, 7, "publish genesis.v1.run.finished", { at: 90, error: "E_STALE" });
  assert.deepEqual(numbers([...sampleTrace(), late, refused]), [1, 2, 8, 9, 11, 12, 13]);
});

test("a linked span that began after the parent is the cause: the rejection, for a new revision of the plan", () => {
  const spans = [
    sampleSpan(1, undefined, "publish task.submitted", { at: 0 }),
    sampleSpan(2, 1, "process task.submitted", { at: 1 }),
    sampleSpan(3, 2, "process plan.rejected", { at: 5 }),
    sampleSpan(4, 1, "publish plan.decomposed", { at: 7, links: [linkTo(3)] }),
  ];
  assert.deepEqual(numbers(spans), [1, 2, 3, 4]);
});

test("links in a circle, and links to what is not there, end the path", () => {
  const spans = [
    sampleSpan(1, 2, "publish a", { at: 0, links: [linkTo(2)] }),
    sampleSpan(2, 1, "process a", { at: 0, links: [linkTo(77)] }),
  ];
  assert.deepEqual(numbers(spans), [2, 1]);
  assert.deepEqual(numbers([]), []);
});

test("the time goes into sending, waiting and work, without a gap", () => {
  const path = criticalPath(sampleTrace());
  assert.deepEqual(
    segmentsOf(path).map(({ what, service, ms }) => `${what} ${service} ${ms}`),
    [
      "send aop 1",
      "wait execution 4",
      "work execution 4",
      "send execution 2",
      "wait agents 0",
      "work agents 59",
      "send agents 1",
      "wait execution 4",
      "work execution 3",
      "send execution 1",
    ],
  );
  const [first, last] = [path[0]!, path.at(-1)!];
  const totalMs = segmentsOf(path).reduce((sum, { ms }) => sum + ms, 0);
  assert.equal(totalMs, last.startMs + last.durationMs - first.startMs);
});

test("a timer's delay is none of the broker's", () => {
  const path = [
    sampleSpan(1, undefined, "publish genesis.timers.set", { at: 0 }),
    sampleSpan(2, 1, "process genesis.timers.fired", { at: 510, took: 4, queueWaitMs: 10 }),
  ];
  assert.deepEqual(segmentsOf(path), [
    { what: "timer", service: "execution", ms: 500 },
    { what: "wait", service: "execution", ms: 10 },
    { what: "work", service: "execution", ms: 4 },
  ]);
});

test("summed up, each service has one share and each kind of waiting one, the largest first", () => {
  assert.deepEqual(summedSegments(segmentsOf(criticalPath(sampleTrace()))), [
    { what: "work", service: "agents", ms: 59 },
    { what: "wait", service: "", ms: 8 },
    { what: "work", service: "execution", ms: 7 },
    { what: "send", service: "", ms: 5 },
  ]);
});
