import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { choosePorts } from "./ports.ts";

test("all ports move with the broker's", async () => {
  const ports = await choosePorts(14_222, { services: 3, observe: true });
  assert.deepEqual(ports, {
    nats: 14_222,
    monitor: 18_222,
    services: [19_464, 19_465, 19_466],
    observe: { grpc: 14_317, http: 14_318, health: 14_319, prometheus: 19_090 },
  });
});

test("port 0 is a free one for everything but the services, and each service's own choice", async () => {
  const { nats, monitor, services, observe } = await choosePorts(0, { services: 2, observe: true });
  const chosen = [nats, monitor, ...Object.values(observe)];
  assert.equal(new Set(chosen).size, 6);
  for (const port of chosen) assert.ok(port >= 15_000 && port < 32_000, String(port));
  assert.deepEqual(services, [0, 0]);
});

test("a taken port is named, with the way out", async (t) => {
  const server = createServer().listen(18_322, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  await assert.rejects(choosePorts(14_322, { services: 1, observe: false }), {
    message: "port 18322 is taken on 127.0.0.1; move all ports with --port N, or use free ones with --port 0",
    exitCode: 1,
  });
});

test("the ports of the Collector and Prometheus are free to others where nobody observes", async (t) => {
  const server = createServer().listen(14_617, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  assert.equal((await choosePorts(14_522, { services: 1, observe: false })).nats, 14_522);
  await assert.rejects(
    choosePorts(14_522, { services: 1, observe: true }),
    /^StartFailure: port 14617 is taken/,
  );
});
