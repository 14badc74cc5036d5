import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { choosePorts } from "./ports.ts";

test("all ports move with the broker's", async () => {
  const ports = await choosePorts(14_222, 3);
  assert.deepEqual(ports, { nats: 14_222, monitor: 18_222, services: [19_464, 19_465, 19_466] });
});

test("port 0 is a free one for the broker and its monitor, and each service's own choice", async () => {
  const { nats, monitor, services } = await choosePorts(0, 2);
  assert.notEqual(nats, monitor);
  for (const port of [nats, monitor]) assert.ok(port >= 15_000 && port < 32_000, String(port));
  assert.deepEqual(services, [0, 0]);
});

test("a taken port is named, with the way out", async (t) => {
  const server = createServer().listen(18_322, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  await assert.rejects(choosePorts(14_322, 1), {
    message: "port 18322 is taken on 127.0.0.1; move all ports with --port N, or use free ones with --port 0",
    exitCode: 1,
  });
});
