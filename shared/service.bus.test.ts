import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { text } from "node:stream/consumers";
import { eventually } from "../test/support/eventually.ts";
import { startServer, type TestServer } from "../test/support/nats.ts";
import type { TinyLife } from "../test/support/tiny-service.ts";
import { connect } from "./bus/connect.ts";
import { setup } from "./bus/setup.ts";
import { PROJECT_ROOT, childEnvironment } from "./config.ts";

const MIB = 1024 * 1024;
let server: TestServer;
let dir: string;
const started: ChildProcess[] = [];

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "genesis-service-"));
  server = await startServer();
  const bus = await connect({ url: server.url, prefix: "genesis", name: "test" });
  const sizes = { logMaxBytes: 16 * MIB, dlqMaxBytes: MIB, inboxMaxBytes: MIB };
  await setup(bus, { sizes, agents: [] });
  await bus.close();
});

after(async () => {
  for (const child of started) child.kill("SIGKILL");
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

type Tiny = {
  child: ChildProcess;
  /** The exit code, and how long it took to come. */
  exit: Promise<{ code: number; afterMs: number }>;
  stdout: Promise<string>;
  stderr: Promise<string>;
  /** What it told its supervisor; rejects when it ends before. */
  ready: Promise<{ ready: true; http: string }>;
};

function tiny(life: TinyLife, settings: Record<string, string> = {}): Tiny {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [join(PROJECT_ROOT, "test/support/tiny-service.ts"), life], {
    env: childEnvironment({ NATS_URL: server.url, GENESIS_HTTP_PORT: "0", ...settings }),
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  started.push(child);
  const exit = once(child, "exit").then(([code]) => ({
    code: code as number,
    afterMs: performance.now() - startedMs,
  }));
  const ready = Promise.race([
    once(child, "message").then(([message]) => message as { ready: true; http: string }),
    exit.then(({ code }) => Promise.reject(new Error(`ended with ${code} before it was ready`))),
  ]);
  ready.catch(() => {});
  return { child, exit, ready, stdout: text(child.stdout!), stderr: text(child.stderr!) };
}

/** The log lines of a process that has ended; that each of them is JSON is part of every test. */
async function linesOf({ stdout }: Tiny): Promise<Record<string, unknown>[]> {
  const written = (await stdout).trim();
  return written === "" ? [] : written.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function eventsOf(process: Tiny): Promise<unknown[]> {
  return (await linesOf(process)).map(({ event }) => event);
}

test("a service says that it is ready and where, answers there, and ends at SIGTERM with 0", async () => {
  const traces = join(dir, "traces.jsonl");
  const process = tiny("works", { GENESIS_TRACES_FILE: traces });
  const { ready, http } = await process.ready;
  assert.equal(ready, true);
  const response = await fetch(`${http}/readyz`);
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { ready: true, checks: { started: true, broker: true } });
  const metrics = await (await fetch(`${http}/metrics`)).text();
  // It reads nothing from the broker.
  assert.match(metrics, /^nats_healthy 1$/m);
  assert.match(metrics, /^telemetry_spans_total\{exporter="file",state="created"\} 1$/m);
  process.child.kill("SIGTERM");
  assert.equal((await process.exit).code, 0);
  assert.equal(await process.stderr, "");
  const lines = await linesOf(process);
  assert.deepEqual(
    lines.map(({ event }) => event),
    ["starting", "worked", "ready", "stopping"],
  );
  assert.equal(lines[2]!["http"], http);

  const batch = JSON.parse((await readFile(traces, "utf8")).trim());
  const [{ resource, scopeSpans }] = batch.resourceSpans;
  const attributes = Object.fromEntries(
    resource.attributes.map(({ key, value }: { key: string; value: object }) => [
      key,
      Object.values(value)[0],
    ]),
  );
  assert.equal(attributes["service.name"], "halo");
  assert.equal(attributes["service.version"], "0.1.0");
  assert.match(attributes["service.instance.id"], /^[0-9a-f-]{36}$/);
  const [span] = scopeSpans[0].spans;
  assert.equal(span.name, "invoke_agent tiny");
  assert.equal(span.traceId, lines[1]!["trace_id"]);
  assert.equal(span.spanId, lines[1]!["span_id"]);
});

for (const [why, settings, line] of [
  [
    "a wrong value",
    { GENESIS_HTTP_PORT: "canary" },
    "GENESIS_HTTP_PORT must be a whole number from 0 to 65535",
  ],
  [
    "a misspelt setting",
    { GENESIS_HTP_PORT: "canary" },
    "GENESIS_HTP_PORT is not a setting; see docs/settings.md",
  ],
  [
    "a traces file that cannot be written",
    { GENESIS_TRACES_FILE: "/nowhere/canary.jsonl" },
    "GENESIS_TRACES_FILE must be a file that can be written (ENOENT)",
  ],
  [
    "an address of another machine",
    { GENESIS_HTTP_HOST: "192.0.2.1" },
    "GENESIS_HTTP_HOST and GENESIS_HTTP_PORT cannot be bound (EADDRNOTAVAIL)",
  ],
] as const) {
  test(`${why} ends it with 78 within 2 s, in one line that names the setting and not its value`, async () => {
    const process = tiny("works", settings);
    const { code, afterMs } = await process.exit;
    assert.equal(code, 78);
    assert.ok(afterMs < 2000, `took ${afterMs} ms`);
    assert.equal(await process.stderr, `genesis halo: ${line}\n`);
    assert.doesNotMatch(await process.stdout, /canary/);
  });
}

test("a broken catalogue is told with file, line and reason, exit 78", async () => {
  const process = tiny("has a broken catalogue");
  assert.equal((await process.exit).code, 78);
  assert.equal(await process.stderr, "genesis halo: rules.yaml:3: priority must be a number\n");
});

test("a handler file that is none is told, exit 78", async () => {
  const process = tiny("has a misnamed handler");
  assert.equal((await process.exit).code, 78);
  assert.equal(await process.stderr, "genesis halo: slow_cook.ts: name it slow-cook.ts\n");
});

test("a start that fails is told without the error's text, exit 1", async () => {
  const process = tiny("cannot begin");
  assert.equal((await process.exit).code, 1);
  assert.equal(await process.stderr, "genesis halo: cannot start (Error)\n");
  assert.doesNotMatch(await process.stdout, /quote a user/);
  assert.ok((await eventsOf(process)).includes("start_failed"));
});

test("a taken port is told, exit 1: it may be free at the next try", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const process = tiny("works", { GENESIS_HTTP_PORT: String((other.address() as AddressInfo).port) });
  assert.equal((await process.exit).code, 1);
  assert.equal(
    await process.stderr,
    "genesis halo: the port of GENESIS_HTTP_PORT is taken; 0 picks a free one\n",
  );
  other.close();
});

test("a broker that is unfit is told, exit 78", async () => {
  const small = await startServer({ maxPayload: MIB });
  try {
    const process = tiny("works", { NATS_URL: small.url });
    assert.equal((await process.exit).code, 78);
    assert.match(await process.stderr, /^genesis halo: the broker's max_payload is 1048576 bytes; [^\n]+\n$/);
  } finally {
    await small.stop();
  }
});

test("while the broker is away it says so, is alive, and can be stopped", async () => {
  const process = tiny("works", { NATS_URL: "nats://127.0.0.1:1" });
  let written = "";
  process.child.stdout!.on("data", (chunk: Buffer) => (written += chunk.toString()));
  await eventually(() => written.includes(`"event":"broker_away"`));
  process.child.kill("SIGTERM");
  const { code, afterMs } = await process.exit;
  assert.equal(code, 0);
  assert.ok(afterMs < 5000);
  assert.deepEqual((await eventsOf(process)).at(-1), "stopping");
});

test("when the broker goes it is not ready, yet alive; when it is back it is ready again", async () => {
  const own = await startServer();
  try {
    const bus = await connect({ url: own.url, prefix: "genesis", name: "test" });
    await setup(bus, {
      sizes: { logMaxBytes: MIB, dlqMaxBytes: MIB, inboxMaxBytes: MIB },
      agents: [],
    });
    await bus.close();
    const process = tiny("works", { NATS_URL: own.url });
    const { http } = await process.ready;
    const statusOf = async (path: string): Promise<number> => (await fetch(`${http}${path}`)).status;
    await own.kill();
    await eventually(async () => (await statusOf("/readyz")) === 503);
    assert.equal(await statusOf("/livez"), 200);
    await own.restart();
    await eventually(async () => (await statusOf("/readyz")) === 200);
    process.child.kill("SIGTERM");
    assert.equal((await process.exit).code, 0);
  } finally {
    await own.stop();
  }
});

test("what was begun is finished before it ends, and meanwhile it is not ready", async () => {
  const process = tiny("drains slowly");
  const { http } = await process.ready;
  process.child.kill("SIGTERM");
  await eventually(async () => (await fetch(`${http}/readyz`)).status === 503);
  assert.equal((await process.exit).code, 0);
});

test("a second signal ends it at once", async () => {
  const process = tiny("hangs in draining");
  await process.ready;
  const signalledMs = performance.now();
  process.child.kill("SIGTERM");
  await eventually(() => performance.now() - signalledMs > 200);
  process.child.kill("SIGINT");
  assert.equal((await process.exit).code, 1);
  assert.ok(performance.now() - signalledMs < 2000);
});

test("work that cannot be finished ends with 1, within 10 s", async () => {
  const process = tiny("hangs in draining");
  await process.ready;
  const signalledMs = performance.now();
  process.child.kill("SIGTERM");
  assert.equal((await process.exit).code, 1);
  assert.ok(performance.now() - signalledMs < 10_500);
  assert.ok((await eventsOf(process)).includes("drain_failed"));
});

test("when its supervisor is gone it ends", async () => {
  const process = tiny("works");
  await process.ready;
  process.child.disconnect();
  assert.equal((await process.exit).code, 0);
});

test("work that ends by itself ends the process with 1", async () => {
  const process = tiny("ends");
  assert.equal((await process.exit).code, 1);
  assert.ok((await eventsOf(process)).includes("work_ended"));
});

for (const life of ["throws", "rejects"] as const) {
  test(`a bug that ${life} is logged and ends the process with 70`, async () => {
    const process = tiny(life);
    assert.equal((await process.exit).code, 70);
    const crash = (await linesOf(process)).find(({ event }) => event === "crash");
    assert.equal(crash?.["level"], "fatal");
    assert.doesNotMatch(JSON.stringify(crash), /nobody waits/);
  });
}
