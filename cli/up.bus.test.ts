import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { choosePorts } from "../local/ports.ts";
import type { LocalState } from "../local/state.ts";
import { childEnvironment, PROJECT_ROOT } from "../shared/config.ts";
import { eventually } from "../test/support/eventually.ts";
import { systemNode } from "../test/support/system-node.ts";

const LAUNCHER = join(PROJECT_ROOT, "cli", "genesis.js");
/** The Node of somebody who has just cloned the project, so that the launcher is part of what is tested. */
const NODE = systemNode() ?? process.execPath;

type Outcome = { status: number | null; stdout: string; stderr: string };

function genesis(args: string[], settings: Record<string, string> = {}): Outcome {
  // What NATS_URL says is not for the local mode, so it may say anything.
  const env = childEnvironment({ NATS_URL: "nonsense", ...settings });
  return spawnSync(NODE, [LAUNCHER, ...args], { encoding: "utf8", env });
}

describe("genesis up with every service", () => {
  let dir: string;
  let up: ChildProcess;
  let stdout = "";
  const state = (): LocalState => JSON.parse(readFileSync(join(dir, "state.json"), "utf8")) as LocalState;

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "genesis-cli-"));
    const args = [LAUNCHER, "up", "--dir", dir, "--port", "0", "--json"];
    up = spawn(NODE, args, {
      stdio: ["ignore", "pipe", "inherit"],
      env: childEnvironment({ NATS_URL: "nonsense" }),
    });
    up.stdout?.on("data", (text: Buffer) => (stdout += text));
    await eventually(() => stdout.includes("\n"), 90_000);
  });
  after(() => {
    up.kill("SIGKILL");
    genesis(["down", "--dir", dir]);
    rmSync(dir, { recursive: true });
  });

  test("says that it is ready, and where the state is written", () => {
    assert.deepEqual(JSON.parse(stdout), {
      ready: true,
      nats: state().nats.url,
      state: join(dir, "state.json"),
    });
  });

  test("every service is a process of its own that is ready", async () => {
    const { up: self, nats, services } = state();
    assert.deepEqual(
      services.map((s) => s.name),
      ["gateway", "htdag", "halo", "aop", "execution", "agents"],
    );
    assert.equal(new Set([self.pid, nats.pid, ...services.map((s) => s.pid)]).size, 8);
    for (const { name, http } of services) {
      for (const path of ["livez", "readyz", "metrics"]) {
        assert.equal((await fetch(`${http}/${path}`)).status, 200, `${name} /${path}`);
      }
    }
  });

  test("a service that is killed is ready again, under its new pid", async () => {
    for (const old of state().services) {
      process.kill(old.pid, "SIGKILL");
      const now = await eventually(() =>
        state().services.find((s) => s.name === old.name && s.pid !== old.pid),
      );
      assert.ok(await eventually(async () => (await fetch(`${now.http}/readyz`).catch(() => undefined))?.ok));
    }
  });

  test("its folder is taken for another up", () => {
    const { status, stdout: said, stderr } = genesis(["up", "--dir", dir, "--port", "0"]);
    assert.deepEqual([status, said], [1, ""]);
    assert.match(
      stderr,
      new RegExp(`^genesis: an instance is running in \\S+ already \\(pid ${state().up.pid}\\).*\\n$`),
    );
  });

  test("SIGTERM to the launcher stops all of it within 15 s, exit 0", async () => {
    const begun = performance.now();
    up.kill("SIGTERM");
    assert.deepEqual(await once(up, "exit"), [0, null]);
    assert.ok(performance.now() - begun < 15_000);
    assert.equal(genesis(["down", "--dir", dir]).stdout, "nothing is running\n");
  });
});

describe("genesis up that cannot start says why in one line", () => {
  let dir: string;
  before(() => (dir = mkdtempSync(join(tmpdir(), "genesis-cli-"))));
  after(() => rmSync(dir, { recursive: true }));

  test("a taken port: exit 1, and no folder was made for nothing", async (t) => {
    const { nats: port } = await choosePorts(0, { services: 0, observe: false });
    const server = createServer().listen(port, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    const fresh = join(dir, "new");
    const { status, stderr } = genesis(["up", "--dir", fresh, "--port", String(port)]);
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`^genesis: port ${port} is taken .* --port 0\\n$`));
    assert.equal(existsSync(fresh), false);
  });

  test("a folder that cannot be made: exit 1", () => {
    const file = join(dir, "file");
    writeFileSync(file, "");
    const { status, stderr } = genesis(["up", "--dir", join(file, "below"), "--port", "0"]);
    assert.equal(status, 1);
    assert.equal(
      stderr,
      `genesis: the folder ${join(file, "below")} cannot be made (ENOTDIR); name another with --dir\n`,
    );
  });

  test("a wrong setting: exit 78, the setting and not its value", () => {
    const { status, stderr } = genesis(["up", "--dir", dir, "--port", "0"], { GENESIS_LOG_LEVEL: "loud" });
    assert.equal(status, 78);
    assert.match(stderr, /^genesis: GENESIS_LOG_LEVEL must be one of [^\n]*\n$/);
    assert.doesNotMatch(stderr, /loud/);
  });

  test("a catalogue that is not there: exit 78", () => {
    const { status, stderr } = genesis(["up", "--dir", dir, "--port", "0"], { GENESIS_CATALOG: "no-such" });
    assert.equal(status, 78);
    assert.match(
      stderr,
      /^genesis: no-such: there is no such catalogue or folder; shipped are audit and business\n$/,
    );
  });

  test("--observe without the programs that it needs: exit 1, what is missing and what builds it", () => {
    const { status, stderr } = genesis(["up", "--dir", dir, "--port", "0", "--observe"], {
      XDG_CACHE_HOME: join(dir, "empty-cache"),
    });
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^genesis: --observe needs [^\n]*otelcol and [^\n]*prometheus are not there; build [^\n]*\n$/,
    );
    assert.match(stderr, /npm run stack:tools/);
  });

  for (const wrong of [["--port", "x"], ["--port", "65535"], ["--profile", "slow"], ["extra"]]) {
    test(`wrong usage, ${wrong.join(" ")}: exit 2`, () => {
      const { status, stderr } = genesis(["up", "--dir", dir, ...wrong]);
      assert.equal(status, 2);
      assert.match(stderr, /^genesis: [^\n]*\n$/);
    });
  }
});
