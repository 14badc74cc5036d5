import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jsonText, oneLine, shorten, shortValue } from "./text.ts";

/** What a terminal would obey, or what turns text around. */
// oxlint-disable-next-line no-control-regex -- these are what must not be there
const OBEYED = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/;

test("what a terminal would obey is shown, not sent", () => {
  assert.equal(oneLine("red \u001b[31mtext\u001b[0m"), "red \\u001b[31mtext\\u001b[0m");
  assert.equal(oneLine("two\nlines\r\nand\ta tab"), "two⏎lines⏎and a tab");
  assert.equal(oneLine("\u009b2J"), "\\u009b2J", "the one-character form of escape [");
  assert.equal(oneLine("abc\u202ecba"), "abc\\u202ecba", "an override of the direction");
  assert.equal(oneLine("Grüße, 世界 🎉"), "Grüße, 世界 🎉");
});

test("text is cut to its width, with a sign that it was", () => {
  assert.equal(shorten("short", 5), "short");
  assert.equal(shorten("shorter", 5), "shor…");
  assert.equal(shorten("a b c", 4), "a b…");
  assert.equal(shorten("🎉🎉🎉🎉", 3), "🎉🎉…", "never through the middle of a character");
  assert.equal(shorten("x".repeat(1_000_000), 10), "xxxxxxxxx…");
});

test("values become short JSON, texts stay texts", () => {
  assert.equal(shortValue("plain", 20), "plain");
  assert.equal(shortValue({ a: [1, true, null] }, 40), '{"a":[1,true,null]}');
  assert.equal(shortValue(undefined, 10), "null");
});

test("JSON for a terminal holds nothing that it obeys and still says the same", () => {
  assert.equal(jsonText({ a: "\u009b2J\u202e" }), '{"a":"\\u009b2J\\u202e"}');
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = jsonText(value);
      assert.ok(!OBEYED.test(text));
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("no text gets a control character through, at any width", () => {
  const anyText = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, width) => {
      assert.ok(!OBEYED.test(oneLine(text)));
      const short = shorten(text, width);
      assert.ok(!OBEYED.test(short));
      assert.ok(Array.from(short).length <= width);
    }),
  );
});
