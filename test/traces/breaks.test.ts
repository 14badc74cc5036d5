import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT_ROOT } from "../../shared/config.ts";
import { BREAKS } from "./breaks.ts";

// The breaks are tried at night. That each still has its place in the sources is seen as soon as one of them changes.
for (const { what, file, from, seenBy } of BREAKS)
  test(`there is exactly one place to break so that ${what}`, () => {
    const source = readFileSync(join(PROJECT_ROOT, file), "utf8");
    assert.equal(source.split(from).length - 1, 1, `${file}: ${from}`);
    assert.ok(existsSync(join(PROJECT_ROOT, seenBy)), seenBy);
  });
