import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLogLine } from "../log-lines.ts";
import { logBlock, pageLogs } from "./page-logs.ts";

const line = (second: number, fields: object) =>
  parseLogLine(
    JSON.stringify({
      time: second * 1000,
      level: "warn",
      service: "halo",
      msg: "nobody takes it",
      ...fields,
    }),
  )!;

test("a line goes to its span, and what belongs to no span that is shown goes to the run", () => {
  const lines = [
    line(10, { span_id: "s1", trace_id: "t", run: "r", code: "E_NO_AGENT", count: 2 }),
    line(9, { span_id: "elsewhere" }),
    line(11, {}),
  ];
  const told = { level: "warn", message: "nobody takes it" };
  assert.deepEqual(pageLogs(lines, new Set(["s1", "s2"]), 9500), {
    of: new Map([["s1", [{ when: "+500 ms halo", ...told, rest: "code=E_NO_AGENT count=2" }]]]),
    rest: [
      { when: "-500 ms halo", ...told, rest: "" },
      { when: "+1.5 s halo", ...told, rest: "" },
    ],
    left: 0,
  });
});

test("a span shows its first hundred lines, and the others are counted", () => {
  const lines = Array.from({ length: 250 }, (_, i) => line(i, i < 130 ? { span_id: "s1" } : {}));
  const { of, rest, left } = pageLogs(lines, new Set(["s1"]), 0);
  assert.deepEqual([of.get("s1")!.length, rest.length, left], [100, 100, 50]);
});

test("where there are no lines there is no block", () => {
  assert.deepEqual(logBlock("Log lines", []), []);
});
