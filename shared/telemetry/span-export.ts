import { TraceFlags } from "@opentelemetry/api";
import { ExportResultCode, type ExportResult } from "@opentelemetry/core";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import { BatchSpanProcessor, type SpanExporter, type SpanProcessor } from "@opentelemetry/sdk-trace";
import { open, type FileHandle } from "node:fs/promises";
import type { Log } from "./logging.ts";
import { record } from "./metrics.ts";
import type { LabelsOf } from "./names.ts";

/** Where spans go, and how many at a time, how often, how long. */
export type SpanTarget = {
  name: LabelsOf<"spans">["exporter"];
  exporter: SpanExporter;
  delayMs: number;
  /** As many spans wait at most; beyond that they are dropped, and counted. */
  queueSize: number;
  batchSize: number;
  timeoutMs: number;
};

/** A processor whose spans are all accounted for. */
export type CountedBatches = SpanProcessor & {
  /** Gives up what has come to no end yet, counts it as dropped, and says how much that was. */
  abandon: () => number;
};

/**
 * Batches spans for one exporter and counts what becomes of each, so that created = exported + failed + dropped once
 * nothing waits any more. A failing exporter costs two log lines, one when it begins and one when it is over.
 */
export function countedBatches(target: SpanTarget, log: Log): CountedBatches {
  const { name, exporter, queueSize } = target;
  /** In the queue. */
  let waiting = 0;
  /** In the queue, or on the way. */
  let unsettled = 0;
  let isStopped = false;
  let isFailing = false;
  const count = (state: "created" | "exported" | "failed" | "dropped", spans: number): void =>
    record("spans", { exporter: name, state }, spans);
  const settle = (spans: number, hasFailed: boolean): void => {
    // What was given up is counted already.
    if (unsettled === 0) return;
    unsettled -= spans;
    count(hasFailed ? "failed" : "exported", spans);
    if (hasFailed !== isFailing) tellChange(log, name, hasFailed);
    isFailing = hasFailed;
  };
  const send: SpanExporter["export"] = (spans, done) => {
    waiting -= spans.length;
    const finish = (result: ExportResult): void => {
      settle(spans.length, result.code !== ExportResultCode.SUCCESS);
      done(result);
    };
    try {
      exporter.export(spans, finish);
    } catch (error) {
      finish({ code: ExportResultCode.FAILED, error: error as Error });
    }
  };
  const batches = new BatchSpanProcessor({
    exporter: { export: send, shutdown: () => exporter.shutdown() },
    maxQueueSize: queueSize,
    maxExportBatchSize: Math.min(target.batchSize, queueSize),
    scheduledDelayMillis: target.delayMs,
    exportTimeoutMillis: target.timeoutMs,
  });
  return {
    onStart() {},
    onEnd(span) {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
      count("created", 1);
      // The processor would drop it without a word.
      if (isStopped || waiting >= queueSize) return count("dropped", 1);
      waiting++;
      unsettled++;
      batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    shutdown() {
      isStopped = true;
      return batches.shutdown();
    },
    abandon() {
      isStopped = true;
      const lost = unsettled;
      unsettled = 0;
      if (lost > 0) count("dropped", lost);
      return lost;
    },
  };
}

/**
 * Appends spans to a file, a batch a line, as the Collector's file exporter writes them (OTLP JSON).
 * Its folder must exist.
 * @throws the file system's error when the file cannot be opened
 */
export async function openTracesFile(path: string): Promise<SpanExporter> {
  const file = await open(path, "a+");
  if (await endsInsideLine(file)) await file.appendFile("\n");
  // One write at a time: two at once could interleave.
  let last: Promise<void> = Promise.resolve();
  return {
    export(spans, done) {
      const line = Buffer.concat([JsonTraceSerializer.serializeRequest(spans) ?? EMPTY, NEWLINE]);
      last = last
        .then(() => file.appendFile(line))
        .then(
          () => done({ code: ExportResultCode.SUCCESS }),
          (error: Error) => done({ code: ExportResultCode.FAILED, error }),
        );
    },
    async shutdown() {
      await last;
      await file.close();
    },
  };
}

const EMPTY = new Uint8Array();
const NEWLINE = new TextEncoder().encode("\n");

/** A process that was killed may have left half a line; what comes next must not be glued to it. */
async function endsInsideLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== NEWLINE[0];
}

function tellChange(log: Log, exporter: string, hasFailed: boolean): void {
  if (hasFailed) log.warn({ event: "telemetry.export_failing", exporter }, "spans cannot be exported");
  else log.info({ event: "telemetry.export_recovered", exporter }, "spans are exported again");
}
