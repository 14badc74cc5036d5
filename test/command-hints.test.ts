import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT_ROOT } from "../shared/config.ts";

const COMMANDS = globSync("cli/*.ts", { cwd: PROJECT_ROOT }).map((path) => path.slice("cli/".length, -3));
const HINT = new RegExp(String.raw`(?<![\w-])genesis (${COMMANDS.join("|")})(?![\w-])`);
const isComment = (line: string): boolean => /^(\/\/|\/?\*)/.test(line.trim());

test("what tells a person to run a command calls it as it is called in a clone, by the one constant", () => {
  const files = globSync("{cli,local,shared,services}/**/*.ts", { cwd: PROJECT_ROOT });
  const wrong = files
    .filter((path) => !path.endsWith(".test.ts"))
    .flatMap((path) => {
      const lines = readFileSync(join(PROJECT_ROOT, path), "utf8").split("\n");
      return lines.filter((line) => !isComment(line) && HINT.test(line)).map((line) => `${path}: ${line}`);
    });
  assert.deepEqual(wrong, []);
});
