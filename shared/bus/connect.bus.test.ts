import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../test/support/eventually.ts";
import { startServer } from "../../test/support/nats.ts";
import { BrokerAway, BrokerUnfit, connect, isOlder } from "./connect.ts";
import { SetupMissing, waitForSetup } from "./wait-for-setup.ts";

const cell = { prefix: "genesis", name: "test" };

test("a broker that comes late is waited for, and it is said", async (t) => {
  const server = await startServer();
  await server.kill();
  const waits: number[] = [];
  const connecting = connect({ ...cell, url: server.url, onWait: (waitedMs) => waits.push(waitedMs) });
  await eventually(() => waits.length >= 2);
  await server.restart();
  const bus = await connecting;
  t.after(async () => {
    await bus.close();
    await server.stop();
  });
  assert.equal(bus.isConnected(), true);
  assert.deepEqual(
    waits,
    waits.toSorted((a, b) => a - b),
  );
});

test("a broker that does not come is given up with what to do, without the password", async () => {
  const url = "nats://user:secret@127.0.0.1:1";
  await assert.rejects(connect({ ...cell, url, waitMs: 300 }), (error: Error) => {
    assert.ok(error instanceof BrokerAway);
    assert.match(error.message, /127\.0\.0\.1:1.*npx genesis up/);
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
});

for (const [what, options, says] of [
  ["without JetStream", { jetstream: false }, /without JetStream/],
  ["that takes too small messages", { maxPayload: 1024 * 1024 }, /max_payload is 1048576 bytes/],
] as const) {
  test(`a broker ${what} is refused at once`, async (t) => {
    const server = await startServer(options);
    t.after(() => server.stop());
    await assert.rejects(connect({ ...cell, url: server.url }), (error: Error) => {
      assert.ok(error instanceof BrokerUnfit);
      assert.match(error.message, says);
      return true;
    });
  });
}

test("versions are compared by number", () => {
  assert.equal(isOlder("2.9.0", "2.14.3"), true);
  assert.equal(isOlder("2.14.2", "2.14.3"), true);
  assert.equal(isOlder("2.14.3", "2.14.3"), false);
  assert.equal(isOlder("2.14.10", "2.14.3"), false);
  assert.equal(isOlder("3.0.0-beta.1", "2.14.3"), false);
  assert.equal(isOlder("what", "2.14.3"), true);
});

test("it knows whether it is connected, and a request that waited is not left waiting", async (t) => {
  const server = await startServer();
  const bus = await connect({ ...cell, url: server.url });
  t.after(async () => {
    await bus.close();
    await server.stop();
  });
  assert.deepEqual([bus.isConnected(), bus.isReady()], [true, true]);
  const unanswered = bus.requests.one({ subject: "$JS.API.DIRECT.GET.NOTHING", payload: "" });
  await assert.rejects(unanswered, /nobody answers/);
  bus.nc.subscribe("silent", { callback: () => {} });
  const waiting = bus.requests.one({ subject: "silent", payload: "" });
  const outcome = assert.rejects(waiting, /the connection was lost/);
  await sleep(50);
  const began = performance.now();
  await server.kill();
  await outcome;
  assert.ok(performance.now() - began < 1000);
  assert.deepEqual([bus.isConnected(), bus.isReady()], [false, false]);
  await assert.rejects(bus.requests.one({ subject: "silent", payload: "" }), /the connection is lost/);
  await server.restart();
  await eventually(() => bus.isReady());
});

test("a service waits for what it binds to, and says what is missing", async (t) => {
  const server = await startServer();
  const bus = await connect({ ...cell, url: server.url });
  t.after(async () => {
    await bus.close();
    await server.stop();
  });
  const needs = {
    streams: ["log"] as const,
    consumers: [{ stream: "log", durable: "htdag" }] as const,
    waitMs: 300,
  };
  await assert.rejects(
    waitForSetup(bus, { ...needs, streams: [...needs.streams], consumers: [...needs.consumers] }),
    (error: Error) =>
      error instanceof SetupMissing && /GENESIS, htdag; run "npx genesis setup"/.test(error.message),
  );
});

test("closing ends it for good", async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const bus = await connect({ ...cell, url: server.url });
  await bus.close();
  assert.equal(await bus.closed, undefined);
  await bus.close();
});

test("wrong credentials are refused at once, and what the broker forbids makes it not ready", async (t) => {
  const users = `{ user: guest, password: right, permissions: { publish: { deny: forbidden } } }`;
  const server = await startServer({ config: `authorization { users: [ ${users} ] }` });
  t.after(() => server.stop());
  const urlFor = (password: string) => server.url.replace("nats://", `nats://guest:${password}@`);
  await assert.rejects(connect({ ...cell, url: urlFor("wrong") }), (error: Error) => {
    assert.ok(error instanceof BrokerUnfit);
    assert.match(error.message, /refuses the credentials/);
    return true;
  });
  const bus = await connect({ ...cell, url: urlFor("right") });
  t.after(() => bus.close());
  assert.equal(bus.isReady(), true);
  bus.nc.publish("forbidden", "x");
  await eventually(() => !bus.isReady());
  assert.equal(bus.isConnected(), true);
});
