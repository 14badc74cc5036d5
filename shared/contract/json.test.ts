import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseJson } from "./json.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const code = (input: Uint8Array | string): string => {
  try {
    parseJson(typeof input === "string" ? bytes(input) : input);
    return "ok";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test("reads JSON as it is", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 20 }), (text) => {
      if (/__proto__|\\u/.test(text)) return;
      assert.deepEqual(parseJson(bytes(text)), JSON.parse(text));
    }),
  );
});

test("says what the text should have been, and nothing of it", () => {
  assert.throws(() => parseJson(bytes("{canary")), {
    details: [{ path: "", rule: "must be well-formed JSON" }],
  });
});

test("refuses what a plain JSON.parse lets through", () => {
  assert.equal(code("{"), "E_JSON");
  assert.equal(code(""), "E_JSON");
  assert.equal(code("[".repeat(33) + "]".repeat(33)), "E_JSON");
  assert.equal(code("[".repeat(32) + "]".repeat(32)), "ok");
  assert.equal(code(`"${"[".repeat(100)}\\"${"{".repeat(100)}"`), "ok", "brackets in a string are text");
  assert.equal(code('{"a":{"__proto__":{"x":1}}}'), "E_JSON");
  assert.equal(code('{"\\u005f_proto__":1}'), "E_JSON", "an escaped key is the same key");
  assert.equal(code('{"constructor":1,"prototype":{}}'), "ok", "keys like any other");
  assert.equal(code('{"goal":"the constructor of __proto__"}'), "ok", "only keys are refused");
  assert.equal(code(new Uint8Array([0xff, 0xfe])), "E_ENCODING");
  assert.equal(code("\uFEFF{}"), "E_ENCODING");
  assert.equal(code('{"a":"\0"}'), "E_ENCODING");
  assert.equal(code('{"a":["\\ud83d"]}'), "E_ENCODING", "half of a character");
  assert.equal(code('{"\\udd25":1}'), "E_ENCODING", "half of a character in a key");
  assert.equal(code('{"a":"\\ud83d\\udd25"}'), "ok", "both halves are a whole one");
});

test("any bytes give a value or a code, never anything else", () => {
  fc.assert(
    fc.property(
      fc.uint8Array(),
      (input) => void assert.ok(["ok", "E_JSON", "E_ENCODING"].includes(code(input))),
    ),
    { numRuns: 2000 },
  );
});

/** How many levels of lists and objects a value has. */
function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test("levels are counted whatever stands in strings between them", () => {
  const tricky = fc.string({ unit: fc.constantFrom('"', "\\", "[", "{", "]", "}", "a") });
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      tricky,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(tricky, tie("value"), { maxKeys: 3 }),
    ),
  }));
  fc.assert(
    fc.property(value, fc.integer({ min: 1, max: 6 }), (one, limit) => {
      const text = JSON.stringify(one);
      const read = () => parseJson(bytes(text), limit);
      if (depthOf(one) > limit) assert.throws(read, { code: "E_JSON" });
      else assert.deepEqual(read(), JSON.parse(text));
    }),
    { numRuns: 1000 },
  );
});
