import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { choosePorts } from "../../local/ports.ts";
import { loneCollector, type LoneCollector } from "../support/collector.ts";
import { eventually } from "../support/eventually.ts";
import { sendSpan } from "../support/foreign-spans.ts";
import { startOtlpSink, type OtlpSink } from "../support/otlp-sink.ts";

// What docker compose runs, with a receiver of ours in Tempo's place that is away at first, and no Prometheus at all.
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
