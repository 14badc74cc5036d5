import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseHeaderBlock } from "./header-block.ts";

const parse = (text: string) => {
  const { values, status, isWellFormed } = parseHeaderBlock(Buffer.from(text, "utf8"));
  return { values: Object.fromEntries(values), status, isWellFormed };
};

test("names keep their case, values lose only the one blank that divides them from their names", () => {
  assert.deepEqual(parse("NATS/1.0\r\nA-b: x\r\na-B:  y: z \r\nA-b:w\r\nempty:\r\n\r\n"), {
    values: { "A-b": ["x", "w"], "a-B": [" y: z "], empty: [""] },
    status: 0,
    isWellFormed: true,
  });
});

test("the broker's status is read", () => {
  assert.equal(parse("NATS/1.0 503\r\n\r\n").status, 503);
  assert.equal(parse("NATS/1.0 404 Message Not Found\r\n\r\n").status, 404);
});

for (const [what, block] of [
  ["a name with a blank", "NATS/1.0\r\nbad name: x\r\n\r\n"],
  ["an empty name", "NATS/1.0\r\n: x\r\n\r\n"],
  ["a name that is not ASCII", "NATS/1.0\r\nnäme: x\r\n\r\n"],
  ["a line without a colon", "NATS/1.0\r\nnothing here\r\n\r\n"],
  ["a line that goes on", "NATS/1.0\r\na: b\r\n c\r\n\r\n"],
  ["a bare line feed", "NATS/1.0\r\na: b\nc d: e\r\n\r\n".replace("a: b\n", "a\n b: ")],
  ["another version", "NATS/9.9\r\na: b\r\n\r\n"],
  ["a status that a publisher made up", "NATS/1.0 204 EOB\r\na: b\r\n\r\n"],
  ["nothing at all", ""],
] as const) {
  test(`${what} is not well-formed`, () => assert.equal(parse(block).isWellFormed, false));
}

test("whatever the bytes are, they are read", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const { values } = parseHeaderBlock(bytes);
      assert.ok(values instanceof Map);
    }),
  );
});
