import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { describe, test } from "node:test";
import { childEnvironment, PROJECT_ROOT } from "../shared/config.ts";
import { systemNode } from "../test/support/system-node.ts";

const LAUNCHER = join(PROJECT_ROOT, "cli", "genesis.js");

type Outcome = { status: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };

function launch(node: string, args: string[], env: Record<string, string> = {}): Outcome {
  return spawnSync(node, [LAUNCHER, ...args], { encoding: "utf8", env: childEnvironment(env) });
}

/** Starts a script under the launcher and waits until it has said something. */
async function start(node: string, script: string): Promise<ChildProcess> {
  const child = spawn(node, [LAUNCHER, "--node", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}

const nodes = [process.execPath, systemNode()].filter((path) => path !== undefined);

for (const node of new Set(nodes)) {
  const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();

  describe(`the launcher under Node ${version}`, () => {
    test("--node runs a Node that reads TypeScript, first on PATH, with a compile cache in the project", () => {
      const script = "JSON.stringify([process.execPath, process.env.PATH, process.env.NODE_COMPILE_CACHE])";
      const { stdout } = launch(node, ["--node", "-p", script], { NODE_COMPILE_CACHE: "" });
      const [path, searched, cache] = JSON.parse(stdout) as [string, string, string];
      assert.equal(searched.split(delimiter)[0], dirname(path));
      assert.equal(cache, join(PROJECT_ROOT, ".node-cache"));
      assert.equal(launch(node, ["--node", "-p", "process.features.typescript"]).stdout, "strip\n");
    });

    test("a compile cache that the caller has chosen stays", () => {
      const args = ["--node", "-p", "process.env.NODE_COMPILE_CACHE"];
      assert.equal(launch(node, args, { NODE_COMPILE_CACHE: "/elsewhere" }).stdout, "/elsewhere\n");
    });

    test("arguments arrive as they are, and what is not --node goes to the CLI", () => {
      const args = ["a", "b c", "*", "--node", ""];
      const shown = launch(node, ["--node", "-p", "JSON.stringify(process.argv.slice(1))", ...args]);
      assert.deepEqual(JSON.parse(shown.stdout), args);
      assert.match(launch(node, ["--version"]).stdout, /^\d+\.\d+\.\d+\n$/);
      const wrong = launch(node, ["no-such-command"]);
      assert.equal(wrong.status, 2);
      assert.match(wrong.stderr, /^genesis: .*no-such-command.*\n$/);
    });

    test("the exit code is the child's, and so is the signal that ended it", () => {
      assert.equal(launch(node, ["--node", "-e", "process.exit(7)"]).status, 7);
      const killed = launch(node, ["--node", "-e", "process.kill(process.pid, 'SIGKILL')"]);
      assert.deepEqual([killed.status, killed.signal], [null, "SIGKILL"]);
    });

    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      test(`${signal} reaches the child, which decides what becomes of it`, async () => {
        const script = `process.on("${signal}", () => process.exit(9)); setInterval(() => {}, 1000); console.log("up")`;
        const child = await start(node, script);
        child.kill(signal);
        assert.deepEqual(await once(child, "exit"), [9, null]);
      });
    }
  });
}

test("without a Node that reads TypeScript the launcher says what to install", (t) => {
  const old = systemNode();
  const major = old === undefined ? 24 : Number(execFileSync(old, ["-p", "parseInt(process.versions.node)"]));
  if (old === undefined || major >= 24) return t.skip("not run: there is no older Node on PATH");
  const folder = mkdtempSync(join(tmpdir(), "genesis-launcher-"));
  try {
    mkdirSync(join(folder, "cli"));
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    copyFileSync(LAUNCHER, join(folder, "cli", "genesis.js"));
    const { status, stderr } = spawnSync(old, [join(folder, "cli", "genesis.js"), "up"], {
      encoding: "utf8",
    });
    assert.equal(status, 1);
    assert.match(stderr, /^genesis: no Node for \S+ is installed here, .*Install Node 24 or newer.*\n$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
