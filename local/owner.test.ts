import assert from "node:assert/strict";
import { chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { readClaim, takeClaim } from "./claim.ts";
import { down } from "./down.ts";
import { StartFailure } from "./failure.ts";
import { isForeign } from "./owner.ts";
import { SILENT } from "./progress.ts";
import { findInstance, foldersMeant } from "./state.ts";

const me = process.geteuid?.() ?? -1;
const SOMEBODY = 12_345;

function makeFolder(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "genesis-owner-")));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("a folder is foreign to everybody but its owner, and root's to nobody", (t) => {
  const folder = makeFolder(t);
  assert.equal(isForeign(folder, me), false);
  if (me !== 0) assert.equal(isForeign(folder, me + 1), true);
  assert.equal(isForeign("/", SOMEBODY), false);
  assert.equal(isForeign(join(folder, "nothing"), SOMEBODY), false);
});

test("what this user may not look at is somebody else's", (t) => {
  const loop = join(makeFolder(t), "loop");
  symlinkSync("loop", loop);
  assert.equal(isForeign(loop), true);
});

/** Only root can give a file to somebody else. */
const options = { skip: me === 0 ? false : "needs root" };

test("a folder that somebody else made above is not looked into", options, async (t) => {
  const home = process.cwd();
  t.after(() => process.chdir(home));
  const folder = makeFolder(t);
  const theirs = join(folder, ".genesis");
  const mine = join(folder, "a", ".genesis");
  for (const dir of [theirs, mine]) mkdirSync(dir, { recursive: true });
  process.chdir(join(folder, "a"));
  assert.deepEqual(foldersMeant().slice(0, 2), [mine, theirs]);
  chownSync(theirs, SOMEBODY, SOMEBODY);
  assert.equal(foldersMeant()[0], mine);
  assert.ok(!foldersMeant().includes(theirs));
  rmSync(mine, { recursive: true });
  symlinkSync(theirs, mine);
  assert.ok(!foldersMeant().includes(mine), "a link does not make it this user's");
});

test(
  "what somebody else has written down stops nobody, even in a folder that is named",
  options,
  async (t) => {
    const folder = makeFolder(t);
    await takeClaim(folder, SILENT);
    const file = join(folder, "processes.json");
    assert.equal(readClaim(folder)?.up.pid, process.pid);
    chownSync(file, SOMEBODY, SOMEBODY);
    assert.equal(readClaim(folder), undefined);
    assert.equal(findInstance(folder), undefined);
    const belongs = new StartFailure(
      `${file} belongs to another user; only they can stop or replace what it names`,
    );
    await assert.rejects(takeClaim(folder, SILENT), belongs);
    await assert.rejects(down(folder, SILENT), belongs);
  },
);
