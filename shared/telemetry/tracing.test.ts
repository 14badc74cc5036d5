import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { text } from "node:stream/consumers";
import { startOtlpSink } from "../../test/support/otlp-sink.ts";
import type { TracedWork } from "../../test/support/traced-work.ts";
import { PROJECT_ROOT, childEnvironment } from "../config.ts";

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), "genesis-tracing-"));
});
after(() => rm(dir, { recursive: true, force: true }));

/** Traces twenty messages, two spans each, in a process of its own. */
async function traceWork(settings: Record<string, string>): Promise<TracedWork & { events: unknown[] }> {
  const child = spawn(process.execPath, [join(PROJECT_ROOT, "test/support/traced-work.ts")], {
    env: childEnvironment({ OTEL_LOG_LEVEL: "info", ...settings }),
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 20_000,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const lines = stdout.split("\n").filter(Boolean);
  return { ...JSON.parse(stderr), events: lines.map((line) => JSON.parse(line).event) };
}

const countsOf = (exporter: string, counts: Record<string, number>): string[] =>
  Object.entries(counts).map(
    ([state, count]) => `telemetry_spans_total{exporter="${exporter}",state="${state}"} ${count}`,
  );

type OtlpSpan = { name: string; traceId: string; attributes: { key: string; value: object }[] };

/** The spans of a traces file. */
async function spansIn(file: string): Promise<OtlpSpan[]> {
  const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line.endsWith("]}"));
  return lines.flatMap((line) => JSON.parse(line).resourceSpans[0].scopeSpans[0].spans);
}

test("without a place for spans nothing is recorded, and messages carry valid unsampled contexts all the same", async () => {
  const { traceparents, counts, events } = await traceWork({});
  for (const traceparent of traceparents) assert.match(traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  assert.equal(new Set(traceparents).size, 20);
  assert.deepEqual(counts, []);
  assert.deepEqual(events, []);
});

test("spans are appended to a file, a batch a line, after whatever a killed process left there", async () => {
  const file = join(dir, "halo.jsonl");
  await writeFile(file, `{"resourceSpans":[{"half a li`);
  const { traceparents, counts } = await traceWork({ GENESIS_TRACES_FILE: file });
  const spans = await spansIn(file);
  assert.equal(spans.length, 40);
  for (const { attributes } of spans)
    assert.deepEqual(
      attributes.filter(({ key }) => key === "genesis.layer"),
      [{ key: "genesis.layer", value: { stringValue: "HALO" } }],
    );
  assert.deepEqual(
    spans.filter(({ name }) => name.startsWith("publish ")).map(({ traceId }) => traceId),
    traceparents.map((traceparent) => traceparent.split("-")[1]),
  );
  assert.deepEqual(counts, countsOf("file", { created: 40, exported: 40 }));
});

test("spans go to an OTLP endpoint over gRPC", async () => {
  const sink = await startOtlpSink();
  const { counts, events } = await traceWork({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url });
  await sink.close();
  assert.match(Buffer.concat(sink.received).toString("latin1"), /publish genesis\.v1\.plan\.decomposed/);
  assert.deepEqual(counts, countsOf("otlp", { created: 40, exported: 40 }));
  assert.deepEqual(events, []);
});

test("the endpoint for traces goes before the one for everything, and a file may stand beside it", async () => {
  const sink = await startOtlpSink();
  const file = join(dir, "beside.jsonl");
  const { counts } = await traceWork({
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: sink.url,
    GENESIS_TRACES_FILE: file,
  });
  await sink.close();
  assert.equal((await spansIn(file)).length, 40);
  assert.deepEqual(
    counts.toSorted(),
    [
      ...countsOf("file", { created: 40, exported: 40 }),
      ...countsOf("otlp", { created: 40, exported: 40 }),
    ].toSorted(),
  );
});

test("the standard switch turns it off", async () => {
  const file = join(dir, "off.jsonl");
  const { counts } = await traceWork({ OTEL_SDK_DISABLED: "true", GENESIS_TRACES_FILE: file });
  assert.deepEqual(counts, []);
});

test("an endpoint that is not there costs the spans, is told once, and does not hold up the end", async () => {
  const { counts, stopMs, events } = await traceWork({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" });
  assert.ok(stopMs < 2500, `took ${stopMs} ms`);
  assert.deepEqual(counts, countsOf("otlp", { created: 40, failed: 40 }));
  assert.deepEqual(events.slice(0, 1), ["telemetry.export_failing"]);
});

test("an endpoint that takes everything and answers nothing does not hold up the end either", async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const { stopMs, events } = await traceWork({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
  for (const socket of sockets) socket.destroy();
  silent.close();
  assert.ok(stopMs < 2500, `took ${stopMs} ms`);
  assert.ok(events.includes("telemetry.lost"));
});
