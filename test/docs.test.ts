import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { GENERATED } from "../docs/generate.ts";
import { PROJECT_ROOT, SETTINGS } from "../shared/config.ts";

for (const [path, make] of Object.entries(GENERATED)) {
  test(`${path} is what the code makes of it`, () => {
    assert.equal(readFileSync(join(PROJECT_ROOT, path), "utf8"), make(), "run docs/generate.ts");
  });
}

test("every setting has its line on the settings page", () => {
  const page = readFileSync(join(PROJECT_ROOT, "docs/settings.md"), "utf8");
  for (const { variable, means } of Object.values(SETTINGS)) {
    assert.ok(
      page.split("\n").some((line) => line.startsWith(`| \`${variable}\``) && line.includes(means)),
      variable,
    );
  }
});
