import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { text } from "node:stream/consumers";
import { eventually } from "../../test/support/eventually.ts";
import { serveHttp, type Checks, type HttpServer } from "./http.ts";
import { record } from "./metrics.ts";

let server: HttpServer;
let checks: () => Promise<Checks> = async () => ({ bus: true });

before(async () => {
  server = await serveHttp({ host: "127.0.0.1", port: 0, readiness: () => checks() });
});
after(() => server.close());

test("the address that was bound is told, also for port 0", () => {
  assert.match(server.address, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
});

test("/metrics is OpenMetrics text", async () => {
  const response = await fetch(`${server.address}/metrics?any=query`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type")!, /^application\/openmetrics-text/);
  assert.ok((await response.text()).endsWith("# EOF\n"));
});

test("/metrics/summary is JSON: the metrics by their names, each with its label sets", async () => {
  record("planDepth", {}, 3);
  const response = await fetch(`${server.address}/metrics/summary`);
  assert.equal(response.headers.get("content-type"), "application/json");
  const summary = (await response.json()) as Record<string, { sum: number; labels: object }[]>;
  assert.deepEqual(
    summary["htdag_depth"]!.map(({ labels }) => labels),
    [{}],
  );
  assert.ok(summary["htdag_depth"]![0]!.sum >= 3);
});

test("a service that can work is alive and ready", async () => {
  checks = async () => ({ started: true, bus: true });
  const ready = await fetch(`${server.address}/readyz`);
  assert.equal(ready.status, 200);
  assert.deepEqual(await ready.json(), { ready: true, checks: { started: true, bus: true } });
  assert.deepEqual(await (await fetch(`${server.address}/livez`)).json(), { live: true });
});

test("without its broker a service is not ready, but alive", async () => {
  checks = async () => ({ started: true, bus: false });
  const ready = await fetch(`${server.address}/readyz`);
  assert.equal(ready.status, 503);
  assert.deepEqual(await ready.json(), { ready: false, checks: { started: true, bus: false } });
  assert.equal((await fetch(`${server.address}/livez`)).status, 200);
});

test("a check that hangs means not ready, within its second", async () => {
  checks = () => new Promise(() => {});
  const began = performance.now();
  const ready = await fetch(`${server.address}/readyz`);
  assert.equal(ready.status, 503);
  assert.ok(performance.now() - began < 2000);
});

test("a check that throws is an answer, not a crash", async () => {
  checks = () => Promise.reject(new Error("canary"));
  const ready = await fetch(`${server.address}/readyz`);
  assert.equal(ready.status, 500);
  assert.doesNotMatch(await ready.text(), /canary/);
});

test("HEAD answers without a body; other methods and other paths are refused", async () => {
  const head = await fetch(`${server.address}/livez`, { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(head.headers.get("content-length"), "13");
  assert.equal(await head.text(), "");
  const post = await fetch(`${server.address}/metrics`, { method: "POST", body: "x" });
  assert.equal(post.status, 405);
  assert.equal(post.headers.get("allow"), "GET, HEAD");
  for (const path of ["/", "/metrics/", "/__proto__", "/..%2f"])
    assert.equal((await fetch(`${server.address}${path}`)).status, 404, path);
});

test("a client that never finishes its headers is cut off", async () => {
  const { port } = new URL(server.address);
  const socket = connect(Number(port), "127.0.0.1");
  await once(socket, "connect");
  socket.write("GET /livez HTTP/1.1\r\nhost: x\r\n");
  const began = performance.now();
  const answer = await text(socket);
  assert.match(answer, /^HTTP\/1\.1 408 /);
  assert.ok(performance.now() - began < 4000);
});

test("of more than 64 connections at a time the rest is turned away", async () => {
  const { port } = new URL(server.address);
  const sockets = Array.from({ length: 70 }, () => connect(Number(port), "127.0.0.1"));
  const open = new Set(sockets);
  for (const socket of sockets) socket.on("error", () => {}).on("close", () => open.delete(socket));
  await eventually(() => open.size <= 64, 1500);
  assert.ok(open.size >= 60);
  for (const socket of sockets) socket.destroy();
  await eventually(async () => (await fetch(`${server.address}/livez`)).ok);
});

test("a port that is taken is an error that says so", async () => {
  const port = Number(new URL(server.address).port);
  await assert.rejects(serveHttp({ host: "127.0.0.1", port, readiness: async () => ({}) }), {
    code: "EADDRINUSE",
  });
});
