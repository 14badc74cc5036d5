import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { choosePorts } from "../../local/ports.ts";
import { loneCollector, type LoneCollector } from "../support/collector.ts";
import { eventually } from "../support/eventually.ts";
import { sendSpan } from "../support/foreign-spans.ts";
import { lonePrometheus } from "../support/lone-prometheus.ts";
import { startOtlpSink, type OtlpSink } from "../support/otlp-sink.ts";
import { prometheusAt } from "../support/prometheus.ts";

// What docker compose runs, with a receiver of ours in Tempo's place that is away at first, and no Prometheus at all; and the same
// with a Prometheus that goes away.
let collector: LoneCollector;
let sink: OtlpSink | undefined;
let tempoPort: number;

const FRAME_HEAD_BYTES = 5;
const ARRIVES_WITHIN_MS = 60_000;

before(async () => {
  const { nats, monitor } = await choosePorts(0, { services: 0, observe: false });
  tempoPort = nats;
  collector = await loneCollector({ tempo: `127.0.0.1:${nats}`, prometheus: `127.0.0.1:${monitor}` });
  await collector.start();
});
after(async () => {
  await collector.remove();
  await sink?.close();
});

/** Whether the bytes of a trace id are in a message that arrived. */
function hasArrived(traceId: string): boolean {
  const id = Buffer.from(traceId, "hex");
  return (sink?.received ?? []).some((frame) => {
    const body = frame.subarray(FRAME_HEAD_BYTES);
    return (frame[0] === 1 ? gunzipSync(body) : body).includes(id);
  });
}

function send(name: string): Promise<string> {
  return sendSpan(collector.url, {
    name,
    resource: { "service.name": "halo" },
    attributes: {},
    event: {},
    status: "",
  });
}

test("what the Collector accepted outlives its kill -9, however long nobody takes it", async () => {
  const first = await Promise.all(Array.from({ length: 20 }, (_, i) => send(`first ${i}`)));
  await collector.kill();
  await collector.start();
  const second = await Promise.all(Array.from({ length: 20 }, (_, i) => send(`second ${i}`)));
  await collector.kill();
  sink = await startOtlpSink(tempoPort);
  await collector.start();
  const all = [...first, ...second];
  await eventually(() => all.every(hasArrived), ARRIVES_WITHIN_MS).catch(() => {});
  assert.deepEqual(
    all.filter((traceId) => !hasArrived(traceId)),
    [],
  );
});

/** A service that says how often it was asked for its metrics: no two answers are the same. */
async function countingService(): Promise<{ address: string; asked: () => number; close: () => void }> {
  let asked = 0;
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(`# TYPE asked_total counter\nasked_total ${++asked}\n`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

test("what was fetched while Prometheus was away is stored when it is back, every value of it", async (t) => {
  const { nats, observe } = await choosePorts(0, { services: 0, observe: true });
  const service = await countingService();
  t.after(service.close);
  const behind = lonePrometheus(observe.prometheus);
  t.after(behind.remove);
  const prometheus = prometheusAt(behind.url);
  const fetching = await loneCollector({
    tempo: `127.0.0.1:${nats}`,
    prometheus: new URL(behind.url).host,
    service: service.address,
  });
  t.after(fetching.remove);
  await Promise.all([behind.start(), fetching.start()]);
  const first = await eventually(async () => {
    const [value] = await prometheus.stored("asked_total");
    return value !== undefined && value;
  }, ARRIVES_WITHIN_MS);
  assert.equal(first, 1);

  await behind.kill();
  const atKill = service.asked();
  await eventually(() => service.asked() >= atKill + 2, ARRIVES_WITHIN_MS);
  const away = service.asked();
  await behind.start();

  const values = await eventually(async () => {
    const stored = await prometheus.stored("asked_total");
    return stored.length > away && stored;
  }, ARRIVES_WITHIN_MS);
  assert.deepEqual(
    values,
    Array.from({ length: values.length }, (_, i) => i + 1),
  );
});
