import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleSpan, sampleTrace, spanId } from "../../test/support/sample-spans.ts";
import { hopsOf, type Hop, type PartNode } from "./hops.ts";
import { spanTrees } from "./span-tree.ts";
import type { Span } from "./span.ts";

const number = (span: Span | undefined): string => (span ? String(Number.parseInt(span.spanId, 16)) : "-");
const drawPart = ({ span, parts }: PartNode): string =>
  `${number(span)}${parts.length > 0 ? `(${parts.map(drawPart).join(" ")})` : ""}`;
/** A hop as `sending>handling{parts}[what followed]`. */
const draw = ({ sent, work, parts, next }: Hop): string => {
  const inside = parts.length > 0 ? `{${parts.map(drawPart).join(" ")}}` : "";
  return `${number(sent)}>${number(work)}${inside}${next.length > 0 ? `[${next.map(draw).join(" ")}]` : ""}`;
};
const drawn = (spans: readonly Span[]): string => hopsOf(spanTrees(spans)).map(draw).join(" ");

test("a message's sending and its handling are one hop, and what happened inside hangs on it", () => {
  assert.equal(drawn(sampleTrace()), "1>2{3}[4>5[6>7] 8>9{10}[11>12[13>-]] 14>- 15>-]");
});

test("a message that two consumers take is a hop with one hop for each", () => {
  const spans = [
    sampleSpan(1, undefined, "publish m", { at: 0 }),
    sampleSpan(2, 1, "process m", { at: 1, service: "htdag" }),
    sampleSpan(3, 1, "process m", { at: 2, service: "execution" }),
    sampleSpan(4, 2, "publish n", { at: 3 }),
  ];
  assert.equal(drawn(spans), "1>-[->2[4>-] ->3]");
});

test("what is sent under another message's sending follows from that message, in the order of time", () => {
  const spans = [
    sampleSpan(1, undefined, "publish task", { at: 0 }),
    sampleSpan(2, 1, "process task", { at: 1 }),
    sampleSpan(3, 1, "publish plan", { at: 9 }),
    sampleSpan(4, 2, "publish plan", { at: 2 }),
  ];
  assert.equal(drawn(spans), "1>2[4>- 3>-]");
});

test("a message that a part sends follows from the hop, and parts nest", () => {
  const spans = [
    sampleSpan(1, undefined, "process m", { at: 0 }),
    sampleSpan(2, 1, "invoke_agent x", { at: 1 }),
    sampleSpan(3, 2, "chat model", { at: 2 }),
    sampleSpan(4, 2, "publish progress", { at: 3 }),
  ];
  assert.equal(drawn(spans), "->1{2(3)}[4>-]");
});

test("whatever stands at the top of a tree is a hop, and says whether its parent is missing", () => {
  const hops = hopsOf(
    spanTrees([
      sampleSpan(1, 99, "aop.validate", { at: 0 }),
      sampleSpan(2, 1, "aop.check.structure", { at: 1 }),
    ]),
  );
  assert.equal(hops.map(draw).join(" "), "->1{2}");
  assert.equal(hops[0]!.isOrphan, true);
});

test("a run of ten thousand messages in a row is no deeper than one of two", () => {
  const spans = Array.from({ length: 10_000 }, (_, i) =>
    sampleSpan(i + 1, i || undefined, i % 2 ? "process m" : "publish m", { at: i }),
  );
  let hop = hopsOf(spanTrees(spans))[0]!;
  let length = 1;
  for (; hop.next[0]; hop = hop.next[0]) length++;
  assert.deepEqual([length, hop.work?.spanId], [5000, spanId(10_000)]);
});
