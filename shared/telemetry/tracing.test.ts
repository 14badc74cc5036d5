import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { startHttpSink, startOtlpSink } from "../../test/support/otlp-sink.ts";
import type { TracedWork } from "../../test/support/traced-work.ts";
import { PROJECT_ROOT, childEnvironment } from "../config.ts";

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), "genesis-tracing-"));
});
after(() => rm(dir, { recursive: true, force: true }));

type Traced = TracedWork & {
  /** The lines that it wrote. */
  lines: Record<string, unknown>[];
  events: unknown[];
};

/** Traces twenty messages, or as many as is said, two spans each, in a process of its own. */
async function traceWork(settings: Record<string, string>, ...args: number[]): Promise<Traced> {
  const main = join(PROJECT_ROOT, "test/support/traced-work.ts");
  const child = spawn(process.execPath, [main, ...args.map(String)], {
    env: childEnvironment({ OTEL_LOG_LEVEL: "info", ...settings }),
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 20_000,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const lines = stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { ...JSON.parse(stderr), lines, events: lines.map(({ event }) => event) };
}

const countsOf = (exporter: string, counts: Record<string, number>): string[] =>
  Object.entries(counts).map(
    ([state, count]) => `telemetry_spans_total{exporter="${exporter}",state="${state}"} ${count}`,
  );

/** The counts of an exporter, by state. */
function statesOf({ counts }: TracedWork): Record<string, number> {
  const entries = counts.map((line) => /state="(\w+)"\} (\d+)/.exec(line)!);
  return Object.fromEntries(entries.map(([, state, count]) => [state, Number(count)]));
}

type OtlpSpan = {
  name: string;
  traceId: string;
  attributes: { key: string; value: { stringValue?: string } }[];
  links?: unknown[];
};

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
  assert.deepEqual(events, ["telemetry.export_failing", "telemetry.lost"]);
});

test("an endpoint that takes everything and answers nothing does not hold up the end either", async () => {
  const silent = await startSilence();
  const traced = await traceWork({ OTEL_EXPORTER_OTLP_ENDPOINT: silent.url });
  silent.close();
  assert.ok(traced.stopMs < 2500, `took ${traced.stopMs} ms`);
  const { created, exported = 0, failed = 0, dropped = 0 } = statesOf(traced);
  assert.deepEqual([created, exported, failed + dropped], [40, 0, 40]);
});

test("an endpoint that hangs costs what the queue cannot hold, and every span is accounted for", async () => {
  const silent = await startSilence();
  const settings = { OTEL_BSP_MAX_QUEUE_SIZE: "100", OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "50" };
  const traced = await traceWork({ OTEL_EXPORTER_OTLP_ENDPOINT: silent.url, ...settings }, 500);
  silent.close();
  const { created, failed = 0, dropped = 0, exported = 0 } = statesOf(traced);
  assert.equal(created, 1000);
  assert.equal(exported, 0);
  assert.equal(failed + dropped, 1000);
  assert.ok(dropped >= 850, `${dropped} dropped`);
  assert.ok(traced.stopMs < 2500);
});

test("an endpoint that comes and goes: whatever it missed is counted, to the span", async () => {
  let sink = await startOtlpSink();
  const port = Number(new URL(sink.url).port);
  const working = traceWork(
    { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_BSP_SCHEDULE_DELAY: "50" },
    300,
    10,
  );
  for (let round = 0; round < 3; round++) {
    await sleep(600);
    await sink.close();
    await sleep(300);
    sink = await startOtlpSink(port);
  }
  const traced = await working;
  await sink.close();
  const { created, exported = 0, failed = 0, dropped = 0 } = statesOf(traced);
  assert.equal(created, 600);
  assert.equal(exported + failed + dropped, 600);
  assert.ok(exported > 0);
});

test("an endpoint that refuses costs the spans, and is told once", async () => {
  const sink = await startHttpSink(400);
  const { counts, events } = await traceWork({
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
  });
  await sink.close();
  assert.deepEqual(counts, countsOf("otlp", { created: 40, failed: 40 }));
  assert.deepEqual(events, ["telemetry.export_failing", "telemetry.lost"]);
});

for (const [protocol, start] of [
  ["grpc", () => startOtlpSink(0, 10)],
  ["http/protobuf", () => startHttpSink(200, 10)],
] as const) {
  test(`spans that an endpoint rejects in what it takes are no exported ones, and that is told: ${protocol}`, async () => {
    const sink = await start();
    const { counts, lines } = await traceWork({
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    });
    await sink.close();
    assert.deepEqual(counts, countsOf("otlp", { created: 40, exported: 30, failed: 10 }));
    assert.deepEqual(
      lines.map(({ event, level, exporter, count }) => ({ event, level, exporter, count })),
      [{ event: "telemetry.spans_rejected", level: "warn", exporter: "otlp", count: 10 }],
    );
  });
}

test("spans go over HTTP where the standard variable says so, below the endpoint for everything", async () => {
  const sink = await startHttpSink();
  const { counts } = await traceWork({
    OTEL_EXPORTER_OTLP_ENDPOINT: `${sink.url}/collector/`,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
  });
  await sink.close();
  assert.deepEqual([...new Set(sink.paths)], ["/collector/v1/traces application/x-protobuf"]);
  assert.match(Buffer.concat(sink.received).toString("latin1"), /publish genesis\.v1\.plan\.decomposed/);
  assert.deepEqual(counts, countsOf("otlp", { created: 40, exported: 40 }));
});

test("the endpoint for traces is taken as it is, and its protocol goes before the one for everything", async () => {
  const sink = await startHttpSink();
  await traceWork({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${sink.url}/here`,
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/protobuf",
    OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
  });
  await sink.close();
  assert.deepEqual([...new Set(sink.paths)], ["/here application/x-protobuf"]);
});

test("no endpoint means no OTLP, and none means none", async () => {
  const sink = await startOtlpSink();
  for (const settings of [
    { OTEL_TRACES_EXPORTER: "otlp" },
    { OTEL_TRACES_EXPORTER: "none", OTEL_EXPORTER_OTLP_ENDPOINT: sink.url },
  ])
    assert.deepEqual((await traceWork(settings)).counts, []);
  await sink.close();
  assert.deepEqual(sink.received, []);
});

test("the console is the log: a JSON line a span", async () => {
  const { lines, traceparents, counts } = await traceWork({ OTEL_TRACES_EXPORTER: "console" });
  const published = lines.filter(({ msg }) => msg === "publish genesis.v1.plan.decomposed");
  assert.deepEqual(
    published.map(({ trace_id, service, event }) => [trace_id, service, event]),
    traceparents.map((traceparent) => [traceparent.split("-")[1], "halo", "span"]),
  );
  assert.deepEqual(counts, countsOf("console", { created: 40, exported: 40 }));
});

test("whose spans they are is what the standard variables say, and else the service", async () => {
  const file = join(dir, "named.jsonl");
  await traceWork({ GENESIS_TRACES_FILE: file });
  const own = await resourceIn(file);
  assert.deepEqual(
    [own["service.name"], own["service.namespace"], own["service.version"]],
    ["halo", "genesis", "1.2.3"],
  );
  const other = join(dir, "renamed.jsonl");
  await traceWork({
    GENESIS_TRACES_FILE: other,
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=staging,service.name=unused",
    OTEL_SERVICE_NAME: "router",
  });
  const { "service.name": name, "deployment.environment.name": environment } = await resourceIn(other);
  assert.deepEqual([name, environment], ["router", "staging"]);
});

test("attributes are as long and links as many as the standard variables let them be", async () => {
  const [usual, forAll, forSpans] = await Promise.all([
    limitsOf({}),
    limitsOf({ OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: "12", OTEL_SPAN_LINK_COUNT_LIMIT: "1" }),
    limitsOf({ OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: "12", OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: "14" }),
  ]);
  assert.ok(usual.length > 20);
  assert.equal(usual.links, 2);
  assert.deepEqual(forAll, { length: 12, links: 1 });
  assert.deepEqual(forSpans, { length: 14, links: 2 });
});

/** The longest text of an attribute, and the most links of a span, of three messages. */
async function limitsOf(settings: Record<string, string>): Promise<{ length: number; links: number }> {
  const file = join(dir, `limits-${Object.values(settings).join("-")}.jsonl`);
  await traceWork({ GENESIS_TRACES_FILE: file, ...settings }, 3);
  const spans = await spansIn(file);
  const texts = spans.flatMap(({ attributes }) => attributes.map(({ value }) => value.stringValue ?? ""));
  return {
    length: Math.max(...texts.map((value) => value.length)),
    links: Math.max(...spans.map(({ links = [] }) => links.length)),
  };
}

test("a sampler that takes nothing leaves nothing, and the contexts that travel say so", async () => {
  const file = join(dir, "unsampled.jsonl");
  const { counts, traceparents } = await traceWork({
    GENESIS_TRACES_FILE: file,
    OTEL_TRACES_SAMPLER: "parentbased_always_off",
  });
  assert.deepEqual(counts, []);
  for (const traceparent of traceparents) assert.match(traceparent, /-00$/);
});

/** Something that takes every connection and never says a word. */
async function startSilence(): Promise<{ url: string; close: () => void }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on("error", () => {}))).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

/** The attributes of the resource in the first line of a traces file. */
async function resourceIn(file: string): Promise<Record<string, string>> {
  const [line = ""] = (await readFile(file, "utf8")).split("\n");
  const { attributes } = JSON.parse(line).resourceSpans[0].resource as OtlpSpan;
  return Object.fromEntries(attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]));
}
