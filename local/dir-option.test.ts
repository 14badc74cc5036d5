import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { test } from "node:test";
import { dirOption } from "./dir-option.ts";

test("the folder that is used anyway needs no option", () => {
  for (const dir of [undefined, ".genesis", "./.genesis/", resolve(".genesis")])
    assert.equal(dirOption(dir), "");
  assert.equal(dirOption("../Über/run-1"), " --dir ../Über/run-1");
});

test("any other folder arrives as it is when what was said is typed", () => {
  for (const dir of ["a b", "it's", '"$HOME"', "a;b", "x\ny", "*"]) {
    const typed = `printf '%s|'${dirOption(dir)}`;
    assert.equal(execFileSync("sh", ["-c", typed], { encoding: "utf8" }), `--dir|${dir}|`);
  }
});
