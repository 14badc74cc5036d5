import { ROOT_CONTEXT, TraceFlags, context } from "@opentelemetry/api";
import { ExportResultCode, type ExportResult } from "@opentelemetry/core";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import { BatchSpanProcessor, type SpanExporter, type SpanProcessor } from "@opentelemetry/sdk-trace";
import { open, type FileHandle } from "node:fs/promises";
import { exportFailure } from "./export-failure.ts";
import type { Log } from "./logging.ts";
import { countFromZero, record } from "./metrics.ts";

/** What becomes of spans. */
const STATES = ["created", "exported", "failed", "dropped"] as const;

/** Where spans go, and how many at a time, how often, how long. */
export type SpanTarget = {
  name: "otlp" | "file" | "console";
  /** Host and port of the other side, where it has them. */
  endpoint?: string;
  exporter: SpanExporter;
  /** How many spans of an export that has just succeeded the other side has rejected; where it can say so. */
  rejected?: () => number;
  delayMs: number;
  /** As many spans wait at most; beyond that they are dropped, and counted. */
  queueSize: number;
  batchSize: number;
  timeoutMs: number;
};

/** A processor whose spans are all accounted for. */
export type CountedBatches = SpanProcessor & {
  /** Gives up what has come to no end yet and counts it as dropped. Returns how much was lost since the shutdown began. */
  abandon: () => number;
};

/**
 * Batches spans for one exporter and counts what becomes of each, so that created = exported + failed + dropped once
 * nothing waits any more. An exporter that fails, or whose other side rejects spans, costs two log lines, one when it
 * begins and one when it is over.
 */
export function countedBatches(target: SpanTarget, log: Log): CountedBatches {
  const { name, exporter, queueSize, rejected = () => 0 } = target;
  /** In the queue. */
  let waiting = 0;
  /** In the queue, or on the way. */
  let unsettled = 0;
  let isStopped = false;
  /** Of the spans that were to be exported at the end. */
  let failedAtEnd = 0;
  let health: Health = "well";
  const count = (state: (typeof STATES)[number], spans: number): void =>
    record("spans", { exporter: name, state }, spans);
  for (const state of STATES) countFromZero("spans", { exporter: name, state });
  const settle = (spans: number, failure: string | undefined): void => {
    const failed = failure === undefined ? Math.min(rejected(), spans) : spans;
    // What was given up is counted already.
    if (unsettled === 0) return;
    unsettled -= spans;
    if (failed > 0) count("failed", failed);
    if (isStopped && failure !== undefined) failedAtEnd += failed;
    if (failed < spans) count("exported", spans - failed);
    const earlier = health;
    health = failure !== undefined ? "failing" : failed > 0 ? "rejected" : "well";
    // It is nobody's fault whose work was going on when this export was begun.
    if (health !== earlier)
      context.with(ROOT_CONTEXT, () => tellChange(log, target, { health, failed, failure }));
  };
  const send: SpanExporter["export"] = (spans, done) => {
    waiting -= spans.length;
    const finish = (result: ExportResult): void => {
      settle(
        spans.length,
        result.code === ExportResultCode.SUCCESS ? undefined : exportFailure(result.error),
      );
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
      return lost + failedAtEnd;
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

/** What became of the last export. */
type Health = "well" | "failing" | "rejected";

type Change = { health: Health; failed: number; failure: string | undefined };

function tellChange(
  log: Log,
  { name: exporter, endpoint }: SpanTarget,
  { health, failed, failure }: Change,
): void {
  const target = { exporter, ...(endpoint !== undefined && { endpoint }) };
  if (health === "failing")
    log.warn(
      { event: "telemetry.export_failing", ...target, reason: failure ?? "failed" },
      "spans cannot be exported",
    );
  else if (health === "rejected")
    log.warn(
      { event: "telemetry.spans_rejected", ...target, count: failed },
      "spans of an export were rejected",
    );
  else log.info({ event: "telemetry.export_recovered", ...target }, "spans are exported again");
}
