import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Toolbox as ToolboxType } from "../../test/support/decorated.ts";
import { recordSpans, spansOf } from "../../test/support/spans.ts";
import { PROJECT_ROOT } from "../config.ts";

let dir: string;
let Toolbox: typeof ToolboxType;

before(async () => {
  recordSpans();
  dir = mkdtempSync(join(tmpdir(), "genesis-decorated-"));
  Toolbox = await emitted();
});
after(() => rmSync(dir, { recursive: true }));

/** Has TypeScript emit the class, as a user's build would, and loads what came out. */
async function emitted(): Promise<typeof ToolboxType> {
  const tsc = join(PROJECT_ROOT, "node_modules/typescript/bin/tsc");
  // One file by itself: what it imports is loaded as it stands, and its types are checked with everything else.
  const alone = ["--ignoreConfig", "--noResolve", "--noCheck", "--target", "es2022", "--module", "esnext"];
  const args = [tsc, ...alone, "--outDir", dir, join(PROJECT_ROOT, "test/support/decorated.ts")];
  spawnSync(process.execPath, args, { stdio: "ignore" });
  const source = readFileSync(join(dir, "decorated.js"), "utf8");
  assert.doesNotMatch(source, /@tracedOperation/);
  const root = pathToFileURL(PROJECT_ROOT).href;
  const file = join(dir, "decorated.mjs");
  writeFileSync(file, source.replace('"../../shared/', `"${root}shared/`));
  return ((await import(pathToFileURL(file).href)) as { Toolbox: typeof ToolboxType }).Toolbox;
}

test("a decorated method is a span of every call, and otherwise what it was", async () => {
  const box = new Toolbox();
  const spans = await spansOf(() => {
    assert.equal(box.hit(2), "BANG 2");
    assert.equal(box.hit(2, false), "bang 4");
  });
  assert.deepEqual(
    spans.map(({ name }) => name),
    ["execute_tool hammer", "execute_tool hammer"],
  );
  assert.equal(box.hit.name, "hit");
});

test("a decorated async method is a span until it has settled", async () => {
  const spans = await spansOf(async () => assert.equal(await new Toolbox().dry(), 0));
  assert.deepEqual(
    spans.map(({ name, ended }) => [name, ended]),
    [["execute_tool glue", true]],
  );
});

test("what a decorated method throws marks its span and is passed on", async () => {
  const [span] = await spansOf(() => assert.throws(() => Toolbox.cut(), RangeError));
  assert.equal(span!.attributes["error.type"], "E_INTERNAL");
});
