import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, describe, test } from "node:test";
import { childEnvironment } from "../shared/config.ts";
import { SERVICES } from "../local/service.ts";
import { catalogFolders } from "./support/catalog-files.ts";
import { eventually } from "./support/eventually.ts";
import { genesis } from "./support/genesis.ts";
import { startServer, type ServerOptions } from "./support/nats.ts";

// What stops a service from starting: told at once, in one line that says what to change, and never what a setting holds.
const WITHIN_MS = 2000;
/** A machine that is busy with something else makes any one start slow, not each of a few. */
const TRIES = 5;
const NOWHERE = "nats://127.0.0.1:1";
const started: ChildProcess[] = [];
const { folderWith, remove } = catalogFolders();

after(() => {
  for (const child of started) child.kill("SIGKILL");
  remove();
});

/** Starts a service as a container does: by its file, with variables. */
function start(name: string, settings: Record<string, string>) {
  const main = SERVICES.find((service) => service.name === name)!.main;
  const child = spawn(process.execPath, [main], {
    env: childEnvironment({ NATS_URL: NOWHERE, GENESIS_HTTP_PORT: "0", ...settings }),
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  started.push(child);
  const startedMs = performance.now();
  const exit = once(child, "exit").then(([code]) => ({
    code: code as number,
    afterMs: performance.now() - startedMs,
  }));
  return { child, exit, stdout: text(child.stdout!), stderr: text(child.stderr!) };
}

type Started = ReturnType<typeof start>;

/** Sees that a service ends with 78, and hands back the one line that it says. */
async function refusalOf({ exit, stderr, stdout }: Started): Promise<string> {
  const { code } = await exit;
  const said = await stderr;
  assert.equal(code, 78, said);
  assert.match(said, /^[^\n]+\n$/, "one line");
  assert.doesNotMatch(said + (await stdout), /canary/);
  return said.trim();
}

describe("a wrong setting ends every service with 78, in one line that names it", () => {
  for (const { name } of SERVICES) {
    test(name, async () => {
      const line = await refusalOf(start(name, { GENESIS_LOG_LEVEL: "canary", GENESIS_MODEL_KEY: "canary" }));
      assert.match(line, new RegExp(`^genesis ${name}: GENESIS_LOG_LEVEL must be one of `));
    });
  }

  for (const [variable, value] of [
    ["NATS_URL", "canary"],
    ["NATS_URL", "http://user:canary@127.0.0.1"],
    ["GENESIS_PREFIX", "canary.>"],
    ["GENESIS_HTTP_PORT", "70000"],
    ["GENESIS_HTTP_PORT", "canary"],
    ["GENESIS_LOG_FORMAT", "canary"],
    ["GENESIS_LOG_MAX_BYTES", "-1"],
    ["GENESIS_MODEL_URL", "canary"],
    ["GENESIS_CANARY", "canary"],
  ] as const) {
    test(`${variable} as ${value}`, async () => {
      assert.ok(
        (await refusalOf(start("agents", { [variable]: value }))).startsWith(`genesis agents: ${variable} `),
      );
    });
  }
});

test("that takes less than 2 s, for a setting and for a catalogue", async () => {
  const broken = folderWith({ "rules.yaml": "rules: 7" });
  for (const settings of [{ GENESIS_LOG_LEVEL: "loud" }, { GENESIS_CATALOG: broken }]) {
    let bestMs = Infinity;
    for (let i = 0; i < TRIES && bestMs > WITHIN_MS; i++)
      bestMs = Math.min(bestMs, (await start("agents", settings).exit).afterMs);
    assert.ok(bestMs < WITHIN_MS, `took ${bestMs} ms`);
  }
});

describe("a broken catalogue ends whoever reads it with 78, naming file, line and reason", () => {
  for (const name of ["htdag", "halo", "aop", "agents"]) {
    test(name, async () => {
      const folder = folderWith({ "rules.yaml": 'version: "1"\nrules:\n  - id: 7\n' });
      const line = await refusalOf(start(name, { GENESIS_CATALOG: folder }));
      assert.ok(line.startsWith(`genesis ${name}: ${join(folder, "rules.yaml")}:3: rules[0].id: `), line);
    });
  }

  test("a catalogue that is not there", async () => {
    const line = await refusalOf(start("halo", { GENESIS_CATALOG: "business,nowhere" }));
    assert.match(line, /^genesis halo: .*nowhere/);
  });
});

describe("a broker that cannot carry Genesis ends a service with 78, and says what it needs", () => {
  const unfit: readonly (readonly [string, ServerOptions, RegExp])[] = [
    ["without JetStream", { jetstream: false }, /without JetStream; start it with a store_dir$/],
    [
      "with too small a max_payload",
      { maxPayload: 1024 * 1024 },
      /max_payload is 1048576 bytes; Genesis needs 2097152 /,
    ],
    [
      "that wants credentials",
      { config: "authorization { user: a, password: b }" },
      /refuses the credentials$/,
    ],
  ];
  for (const [what, options, says] of unfit) {
    test(what, async (t) => {
      const server = await startServer(options);
      t.after(() => server.stop());
      const url = server.url.replace("nats://", "nats://user:canary@");
      assert.match(await refusalOf(start("halo", { NATS_URL: url })), says);
    });
  }

  test("that is too old", async (t) => {
    // As the last release before the oldest that will do greets; what follows the greeting is never asked for.
    const greeting = {
      server_id: "OLD",
      version: "2.14.2",
      proto: 1,
      headers: true,
      max_payload: 2 ** 21,
      jetstream: true,
    };
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.write(`INFO ${JSON.stringify(greeting)}\r\n`);
      socket.on("data", (data) => data.includes("PING") && socket.write("PONG\r\n"));
    }).listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const line = await refusalOf(start("halo", { NATS_URL: `nats://127.0.0.1:${port}` }));
    assert.match(line, /the broker is nats-server 2\.14\.2; Genesis needs 2\.14\.3 or newer$/);
  });
});

describe("a broker that is not there yet is waited for", () => {
  test("which is said, without its password, and a service that waits can be stopped", async () => {
    const service = start("gateway", { NATS_URL: "nats://user:canary@127.0.0.1:1" });
    let written = "";
    service.child.stdout!.on("data", (data: Buffer) => (written += data.toString()));
    await eventually(() => written.includes('"event":"broker_away"'));
    service.child.kill("SIGTERM");
    assert.equal((await service.exit).code, 0);
    assert.doesNotMatch(written + (await service.stderr), /canary/);
  });

  test("as are its streams: a service that was there before them is ready once they are set up", async (t) => {
    const server = await startServer();
    t.after(() => server.stop());
    const service = start("gateway", { NATS_URL: server.url });
    const ready = once(service.child, "message");
    const { status, stderr } = await genesis(["setup"], { settings: { NATS_URL: server.url } });
    assert.equal(status, 0, stderr);
    const [{ http }] = (await ready) as [{ http: string }];
    assert.equal((await fetch(`${http}/readyz`)).status, 200);
    service.child.kill("SIGTERM");
    assert.equal((await service.exit).code, 0);
  });
});
