import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { sampleTrace } from "../../test/support/sample-spans.ts";
import { pageData } from "./page-data.ts";
import { htmlPage, pageAssets } from "./page.ts";

const EVIL = `</script><script>alert(1)</script><!--<script>"'&\u2028`;
const run = {
  id: "0123456789abcdef",
  goal: EVIL,
  state: "completed",
  figures: [],
  blocks: [{ title: EVIL, texts: [EVIL] }],
};
const data = pageData({ run, steps: [], logs: { lines: [], left: 0 }, spans: sampleTrace() });
const assets = await pageAssets();
const page = htmlPage(data, assets);

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
/** The text of every element of a kind. */
const textsOf = (tag: string): string[] =>
  [...page.matchAll(new RegExp(`<${tag}[^>]*>([^]*?)</${tag}>`, "g"))].map(([, text]) => text!);

test("whatever a task says, it opens no element, and the data is all there", () => {
  const [json, script, ...others] = textsOf("script");
  assert.deepEqual(others, []);
  assert.equal(script, assets.script);
  assert.doesNotMatch(json!, /</);
  assert.deepEqual(JSON.parse(json!), JSON.parse(JSON.stringify(data)));
  assert.match(textsOf("title")[0]!, /^01234567 &lt;\/script&gt;/);
  assert.doesNotMatch(page, /alert\(1\)<\/script>/);
});

test("the page may load nothing, and run nothing but its own script", () => {
  const policy = /content="(default-src[^"]*)"/.exec(page)?.[1];
  assert.equal(
    policy,
    `default-src 'none'; style-src ${hash(assets.style)}; script-src ${hash(assets.script)}; base-uri 'none'; form-action 'none'`,
  );
  assert.doesNotMatch(page.replaceAll("http://www.w3.org/2000/svg", ""), /https?:|src=|href=|@import|url\(/);
});

test("the modules of the script become one that imports nothing, and all of it is small", () => {
  assert.doesNotMatch(assets.script, /^(import|export) /m);
  assert.match(assets.script, /^function chart\(/m);
  assert.doesNotMatch(assets.script + assets.style, /<\/(script|style)/);
  assert.ok(Buffer.byteLength(assets.script + assets.style) < 25 * 1024);
});

test("the lines of the time axis are round numbers, and never too close", async () => {
  const { tickStep, ticks, moment } = await import(new URL("page/axis.js", import.meta.url).href);
  const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];
  assert.deepEqual([0.03, 1, 1.2, 5.1, 99, 5 * second, 6 * second, 30 * second, 31 * second].map(tickStep), [
    0.05,
    1,
    2,
    10,
    100,
    5 * second,
    10 * second,
    30 * second,
    minute,
  ]);
  assert.deepEqual([100 * second, 7 * minute, 50 * minute, 5 * hour, 13 * hour, 3 * day].map(tickStep), [
    2 * minute,
    10 * minute,
    hour,
    6 * hour,
    day,
    5 * day,
  ]);
  assert.deepEqual(ticks(12, 31, 10), [20, 30]);
  assert.deepEqual(ticks(0, 0, 10), [0]);
  assert.deepEqual(
    [moment(0.05, 0.05), moment(20, 10), moment(1500, 500), moment(100 * second, 20 * second)],
    ["0.05 ms", "20 ms", "1.5 s", "1 min 40 s"],
  );
  assert.deepEqual(
    [
      moment(0, minute),
      moment(2 * minute, minute),
      moment(90 * minute, 30 * minute),
      moment(36 * hour, 12 * hour),
    ],
    ["0 min", "2 min", "1 h 30 min", "1 d 12 h"],
  );
});
