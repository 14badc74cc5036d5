import { ExportResultCode, type ExportResult } from "@opentelemetry/core";
import { AlwaysOffSampler, TracerProvider, type Sampler, type SpanExporter } from "@opentelemetry/sdk-trace";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { createLog } from "./logging.ts";
import { exposition } from "./metrics.ts";
import { countedBatches } from "./span-export.ts";

type Counts = { created: number; exported: number; failed: number; dropped: number };

/** The registry is shared by every test of the process, so that only differences mean something. */
async function countsNow(): Promise<Counts> {
  const { body } = await exposition();
  const of = (state: string): number =>
    Number(
      new RegExp(`^telemetry_spans_total\\{exporter="otlp",state="${state}"\\} (\\d+)`, "m").exec(
        body,
      )?.[1] ?? 0,
    );
  return { created: of("created"), exported: of("exported"), failed: of("failed"), dropped: of("dropped") };
}

let earlier: Counts;
let events: string[];
beforeEach(async () => {
  earlier = await countsNow();
  events = [];
});

async function countsSince(): Promise<Counts> {
  const { created, exported, failed, dropped } = await countsNow();
  return {
    created: created - earlier.created,
    exported: exported - earlier.exported,
    failed: failed - earlier.failed,
    dropped: dropped - earlier.dropped,
  };
}

/** A tracer whose spans go to an exporter that answers each batch with what `answer` says. */
function tracing(
  answer: () => ExportResult | Promise<ExportResult>,
  { sampler, rejected }: { sampler?: Sampler; rejected?: () => number } = {},
) {
  const log = createLog(
    { service: "test", level: "info", format: "json" },
    {
      write: (line) => void events.push(JSON.parse(line).event),
    },
  );
  const exporter: SpanExporter = {
    export(_, done) {
      void Promise.resolve(answer()).then(done);
    },
    shutdown: async () => {},
  };
  const batches = { delayMs: 1000, queueSize: 8192, batchSize: 512, timeoutMs: 2000 };
  const processor = countedBatches(
    { name: "otlp", exporter, ...batches, ...(rejected && { rejected }) },
    log,
  );
  const provider = new TracerProvider({ spanProcessors: [processor], ...(sampler && { sampler }) });
  return {
    make: (spans: number): void => {
      for (let i = 0; i < spans; i++) provider.getTracer("test").startSpan("span").end();
    },
    flush: () => provider.forceFlush().catch(() => {}),
    stop: () => provider.shutdown().catch(() => {}),
    abandon: () => processor.abandon(),
  };
}

const success = (): ExportResult => ({ code: ExportResultCode.SUCCESS });
const failure = (): ExportResult => ({ code: ExportResultCode.FAILED });

test("what was exported is counted, also what waited at the end", async () => {
  const { make, flush, stop } = tracing(success);
  make(600);
  await flush();
  make(5);
  await stop();
  assert.deepEqual(await countsSince(), { created: 605, exported: 605, failed: 0, dropped: 0 });
});

test("a failing exporter is told of once, and once more when it works again", async () => {
  const answers = [failure, failure, success, failure];
  const { make, flush } = tracing(() => answers.shift()!());
  for (let batch = 0; batch < 4; batch++) {
    make(10);
    await flush();
  }
  assert.deepEqual(await countsSince(), { created: 40, exported: 10, failed: 30, dropped: 0 });
  assert.deepEqual(events, [
    "telemetry.export_failing",
    "telemetry.export_recovered",
    "telemetry.export_failing",
  ]);
});

test("what the other side rejects of an export has failed, is told once, and never more than was sent", async () => {
  const rejections = [3, 4, 0, 1000];
  const { make, flush } = tracing(success, { rejected: () => rejections.shift()! });
  for (let batch = 0; batch < 4; batch++) {
    make(10);
    await flush();
  }
  assert.deepEqual(await countsSince(), { created: 40, exported: 23, failed: 17, dropped: 0 });
  assert.deepEqual(events, [
    "telemetry.spans_rejected",
    "telemetry.export_recovered",
    "telemetry.spans_rejected",
  ]);
});

test("while the exporter hangs, what the queue cannot hold is dropped and counted, to the span", async () => {
  const { promise: hanging, resolve: answer } = Promise.withResolvers<ExportResult>();
  const { make, stop } = tracing(() => hanging);
  make(10_000);
  // One batch of 512 is on its way, 8,192 wait.
  const dropped = 10_000 - 8192 - 512;
  assert.deepEqual(await countsSince(), { created: 10_000, exported: 0, failed: 0, dropped });
  answer(success());
  await stop();
  assert.deepEqual(await countsSince(), { created: 10_000, exported: 10_000 - dropped, failed: 0, dropped });
});

test("what cannot be exported at the end is lost, and how much is said", async () => {
  const answers = [failure(), success()];
  const { make, flush, stop, abandon } = tracing(() => answers.shift() ?? failure());
  make(7);
  await flush();
  make(4);
  await flush();
  make(3);
  await stop();
  // What failed before was told then.
  assert.equal(abandon(), 3);
  assert.deepEqual(await countsSince(), { created: 14, exported: 4, failed: 10, dropped: 0 });
});

test("what comes after the end is dropped and counted", async () => {
  const { make, stop } = tracing(success);
  await stop();
  make(3);
  assert.deepEqual(await countsSince(), { created: 3, exported: 0, failed: 0, dropped: 3 });
});

test("what nobody asked to record is not counted", async () => {
  const { make, stop } = tracing(success, { sampler: new AlwaysOffSampler() });
  make(3);
  await stop();
  assert.deepEqual(await countsSince(), { created: 0, exported: 0, failed: 0, dropped: 0 });
});
