import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { codeOf, listed, nearest, quoted, reasonOf, shortened } from "./words.ts";

test("text from outside is quoted, cut and stripped of what could play tricks", () => {
  assert.equal(quoted("build"), '"build"');
  assert.equal(quoted("a\u0000b\u001b[31mc\r\nd\u202Ee"), '"a b [31mc d e"');
  assert.equal(shortened("x".repeat(81)), `${"x".repeat(79)}…`);
  assert.equal(reasonOf("x".repeat(201)).length, 200);
});

test("a cut never leaves half a character", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      const short = shortened(text);
      assert.ok(short.isWellFormed());
      assert.ok(short.length <= 80);
      assert.doesNotMatch(short, /\p{Cc}/u);
    }),
  );
});

test("a list names six and counts the rest", () => {
  assert.equal(listed([]), "");
  assert.equal(listed(["a", "b"]), "a, b");
  assert.equal(listed([..."abcdefgh"], " → "), "a → b → c → d → e → f → and 2 more");
});

test("a reason may begin with a code of the contract", () => {
  assert.equal(codeOf("E_TOO_LARGE", "E_NO_AGENT"), "E_TOO_LARGE");
  assert.equal(codeOf("E_TOO_LARGE: the plan is over 256 KiB", "E_NO_AGENT"), "E_TOO_LARGE");
  assert.equal(codeOf("no agent takes build", "E_NO_AGENT"), "E_NO_AGENT");
  assert.equal(codeOf("E_MADE_UP", "E_NO_AGENT"), "E_NO_AGENT");
  assert.equal(codeOf("", "E_VALIDATION"), "E_VALIDATION");
});

test("the nearest name is what was probably meant", () => {
  const names = ["build", "deploy", "design", "qa_agent", "a"];
  assert.equal(nearest("biuld", names), "build", "two letters swapped");
  assert.equal(nearest("deplo", names), "deploy", "one missing");
  assert.equal(nearest("qa-agent", names), "qa_agent", "one wrong");
  assert.equal(nearest("dpelyo", names), "deploy", "two pairs swapped");
  assert.equal(nearest("desiggnn", names), "design", "two too many");
  assert.equal(nearest("marketing", names), undefined);
  assert.equal(nearest("b", names), "a", "one wrong of one");
  assert.equal(nearest("xyzld", names), undefined, "three wrong");
  assert.equal(nearest("buildd", ["builds", "build_it", "build"]), "builds", "of two as near the first");
  assert.equal(nearest("build", []), undefined);
});
