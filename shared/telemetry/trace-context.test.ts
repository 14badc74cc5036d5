import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isSampled, parseTraceparent, spanContextOf, traceHeadersOf, traceIdOf } from "./trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

test("a traceparent is read into trace, span and the sampled flag", () => {
  assert.deepEqual(parseTraceparent(`00-${TRACE}-${SPAN}-01`), {
    traceId: TRACE,
    spanId: SPAN,
    traceFlags: 1,
    isRemote: true,
  });
  assert.equal(parseTraceparent(`00-${TRACE}-${SPAN}-00`)?.traceFlags, 0);
  assert.equal(traceIdOf(`00-${TRACE}-${SPAN}-01`), TRACE);
});

test("flags that this version does not know are not handed on", () => {
  const read = parseTraceparent(`00-${TRACE}-${SPAN}-ff`)!;
  assert.equal(traceHeadersOf(read)["traceparent"], `00-${TRACE}-${SPAN}-01`);
});

test("of a later version the four known fields are used", () => {
  assert.equal(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-the-future-brings`)?.traceId, TRACE);
  assert.equal(parseTraceparent(`01-${TRACE}-${SPAN}-01`)?.traceId, TRACE);
});

for (const [why, value] of [
  ["upper case", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ["upper case in the span", `00-${TRACE}-${SPAN.toUpperCase()}-01`],
  ["upper case in the flags", `00-${TRACE}-${SPAN}-0A`],
  ["a trace of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
  ["a span of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
  ["version ff", `ff-${TRACE}-${SPAN}-01`],
  ["more than version 00 has", `00-${TRACE}-${SPAN}-01-more`],
  ["a dash at the end of version 00", `00-${TRACE}-${SPAN}-01-`],
  ["a short trace", `00-${TRACE.slice(1)}-${SPAN}-01`],
  ["a long span", `00-${TRACE}-${SPAN}0-01`],
  ["a missing field", `00-${TRACE}-${SPAN}`],
  ["one digit of flags", `00-${TRACE}-${SPAN}-1`],
  ["a later version glued to more", `cc-${TRACE}-${SPAN}-01more`],
  ["other letters", `00-${TRACE.replace("4", "g")}-${SPAN}-01`],
  ["white space", ` 00-${TRACE}-${SPAN}-01`],
  ["a line break", `00-${TRACE}-${SPAN}-01\n`],
  ["nothing", ""],
] as const) {
  test(`a traceparent with ${why} is refused`, () => {
    assert.equal(parseTraceparent(value), undefined);
    assert.equal(traceIdOf(value), undefined);
  });
}

test("what is written is what was read, tracestate too", () => {
  const headers = {
    traceparent: `00-${TRACE}-${SPAN}-01`,
    tracestate: "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
  };
  assert.deepEqual(traceHeadersOf(spanContextOf(headers)!), headers);
});

test("no text makes the parser throw, and what it accepts it also writes", () => {
  const hexish = fc.stringMatching(/^[0-9a-fA-F-]{40,60}$/);
  fc.assert(
    fc.property(fc.oneof(fc.string(), hexish), (value) => {
      const read = parseTraceparent(value);
      if (read) assert.deepEqual(parseTraceparent(traceHeadersOf(read)["traceparent"]!), read);
    }),
  );
});

test("spans are recorded unless the context says that they are not", () => {
  const before = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";
  assert.equal(isSampled({ traceparent: `${before}-01` }), true);
  assert.equal(isSampled({ traceparent: `${before}-00` }), false);
  assert.equal(isSampled({ traceparent: "unreadable" }), true);
  assert.equal(isSampled({}), true);
});
