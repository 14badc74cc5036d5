import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FileSpan } from "../support/trace-files.ts";
import { difference } from "./golden.ts";
import { treeText } from "./tree-text.ts";

const span = (spanId: string, more: Partial<FileSpan> = {}): FileSpan => ({
  traceId: "t",
  spanId,
  parentSpanId: undefined,
  name: spanId,
  kind: "INTERNAL",
  links: [],
  events: [],
  error: undefined,
  service: "aop",
  instance: "i",
  attributes: {},
  resource: {},
  ...more,
});
const link = (spanId: string) => ({ traceId: "t", spanId, attributes: { "genesis.link": "join" } });
const step = (name: string) => ({ "genesis.step": name });

describe("traces as text", () => {
  const root = span("root");
  const child = span("child", {
    parentSpanId: "root",
    attributes: { "aop.passed": "true" },
    error: "E_AGENT",
  });
  const other = span("another", { parentSpanId: "root", events: [{ name: "seen", attributes: {} }] });

  test("are the same whatever the order of the spans", () => {
    const text = `root [INTERNAL aop]
  another [INTERNAL aop] | event: seen
  child [INTERNAL aop] | aop.passed=true | ERROR E_AGENT
`;
    assert.equal(treeText([root, child, other]), text);
    assert.equal(treeText([other, child, root]), text);
  });

  test("tell what a span links to, by the reason, also where it is somebody else's", () => {
    const linking = span("linking", { parentSpanId: "root", links: [link("child"), link("elsewhere")] });
    assert.match(
      treeText([root, child, linking]),
      /linking \[INTERNAL aop\] \| -> join: \(a span of somebody else\) \| -> join: child\n/,
    );
  });

  test("count what is alike, and take steps for alike that may end in any order", () => {
    const steps = ["s1", "s2", "s3"].map((name) =>
      span(name, { name: "step", parentSpanId: "root", attributes: step(name) }),
    );
    assert.equal(
      treeText([root, ...steps], { alike: /^s\d$/ }),
      "root [INTERNAL aop]\n  3 × step [INTERNAL aop] | genesis.step=(any)\n",
    );
  });

  test("keep traces apart, and show where a parent is missing", () => {
    const lost = span("lost", { traceId: "u", parentSpanId: "nowhere" });
    assert.equal(
      treeText([root, lost]),
      "(a span of somebody else)\n  lost [INTERNAL aop]\n\nroot [INTERNAL aop]\n",
    );
    assert.equal(treeText([]), "(nothing)\n");
  });

  test("leave out the alarm of an attempt, except one that has fired", () => {
    const alarm = span("alarm", {
      name: "publish genesis.timers.set",
      parentSpanId: "root",
      attributes: step("s1"),
    });
    assert.equal(treeText([root, alarm]), "root [INTERNAL aop]\n");
    const fired = span("fired", { parentSpanId: "alarm" });
    assert.match(treeText([root, alarm, fired]), /timers\.set.*\n +fired/);
  });
});

test("what differs is shown line by line, with what is around it", () => {
  const kept = ["a", "b", "c", "d", "e", "f", "g"].join("\n");
  const now = ["a", "b", "c", "d", "E", "f"].join("\n");
  assert.equal(difference(kept, now), "  ⋮\n  c\n  d\n- e\n+ E\n  f\n- g");
  assert.equal(difference(kept, kept), "  ⋮");
});
