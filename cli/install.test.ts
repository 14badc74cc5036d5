import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { childEnvironment, PROJECT_ROOT } from "../shared/config.ts";
import { notRun } from "../test/support/not-run.ts";
import { systemNode, systemPath } from "../test/support/system-node.ts";

const run = promisify(execFile);
/** Of the npm versions that delete node_modules/.bin/node (9 to 11.5), the one that came with Node 20. */
const NPM = "npm@10.8.2";
const SHIPPED = ["package.json", "package-lock.json", ".npmrc", "cli", "local", "shared"];
const FIVE_MINUTES = 300_000;

/** Somebody's shell: no Node but their own, and nothing of the npm that runs these tests. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(childEnvironment({}));
  const plain = inherited.filter(([name]) => !/^npm_|^NODE_/.test(name));
  return { ...Object.fromEntries(plain), PATH: systemPath() };
}

function copyProject(): string {
  const folder = mkdtempSync(join(tmpdir(), "genesis-install-"));
  for (const name of SHIPPED) cpSync(join(PROJECT_ROOT, name), join(folder, name), { recursive: true });
  const path = join(folder, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8")) as { scripts: Record<string, string> };
  manifest.scripts["which"] = "node cli/genesis.js --node -p process.features.typescript";
  writeFileSync(path, JSON.stringify(manifest));
  return folder;
}

test(`installed by ${NPM}, the CLI and the scripts find a Node that reads TypeScript`, async (t) => {
  const node = systemNode();
  if (node === undefined) return notRun(t, "there is no Node on PATH but the packaged one");
  const env = plainEnvironment();
  const folder = copyProject();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const npm = (...args: string[]) =>
    run("npx", ["--yes", NPM, ...args], { cwd: folder, env, timeout: FIVE_MINUTES });
  try {
    await npm("ci", "--omit=dev", "--ignore-scripts", "--prefer-offline");
  } catch (error) {
    return notRun(t, `${NPM} cannot install here: ${error instanceof Error ? error.message : ""}`);
  }
  const { stdout } = await npm("run", "--silent", "which");
  assert.equal(stdout, "strip\n");
  const version = await run(node, [join("cli", "genesis.js"), "--version"], { cwd: folder, env });
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
});
