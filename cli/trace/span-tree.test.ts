import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { spanTrees, type SpanNode } from "./span-tree.ts";
import type { Span } from "./span.ts";

const span = (spanId: string, parentSpanId?: string, startMs = Number.parseInt(spanId, 36)): Span => ({
  traceId: "t",
  spanId,
  ...(parentSpanId !== undefined && { parentSpanId }),
  name: spanId,
  service: "s",
  startMs,
  durationMs: 1,
  attributes: {},
  links: [],
});

type Drawn = string | [string, Drawn[]];
const draw = ({ span: { spanId }, children }: SpanNode): Drawn =>
  children.length === 0 ? spanId : [spanId, children.map(draw)];

test("spans become trees, the earliest first", () => {
  const trees = spanTrees([span("c", "a"), span("b", "a"), span("a"), span("d", "b"), span("b", "a")]);
  assert.deepEqual(trees.map(draw), [["a", [["b", ["d"]], "c"]]]);
  assert.deepEqual(
    trees.map(({ isOrphan }) => isOrphan),
    [false],
  );
});

test("a span whose parent was never written is a root of its own", () => {
  const trees = spanTrees([span("a"), span("b", "lost"), span("c", "b")]);
  assert.deepEqual(trees.map(draw), ["a", ["b", ["c"]]]);
  assert.deepEqual(
    trees.map(({ isOrphan }) => isOrphan),
    [false, true],
  );
});

test("whatever the parents are, every span is there once", () => {
  const id = fc.integer({ min: 1, max: 9 }).map(String);
  fc.assert(
    fc.property(
      fc.array(fc.record({ spanId: id, parentSpanId: fc.option(id, { nil: undefined }) })),
      (pairs) => {
        const count = (nodes: readonly SpanNode[]): string[] =>
          nodes.flatMap(({ span: { spanId }, children }) => [spanId, ...count(children)]);
        const all = count(spanTrees(pairs.map(({ spanId, parentSpanId }) => span(spanId, parentSpanId))));
        assert.deepEqual(all.toSorted(), [...new Set(pairs.map(({ spanId }) => spanId))].toSorted());
      },
    ),
  );
});
