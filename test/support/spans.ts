import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
  type ReadableSpan,
} from "@opentelemetry/sdk-trace";
import type { ProcessedMessage } from "../../shared/telemetry/message-attributes.ts";

const finished = new InMemorySpanExporter();
let isRecording = false;

/** Records every span of this process in memory. The test files that run in one process share it. */
export function recordSpans(): void {
  if (isRecording) return;
  isRecording = true;
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: finished })] }),
  );
}

/** Runs `fn` and hands back the spans that ended meanwhile, in the order of their start. */
export async function spansOf(fn: () => unknown): Promise<ReadableSpan[]> {
  finished.reset();
  await fn();
  return finished.getFinishedSpans().toSorted((a, b) => startOf(a) - startOf(b));
}

/** When a span started, in milliseconds since the epoch. */
export function startOf(span: ReadableSpan): number {
  return span.startTime[0] * 1000 + span.startTime[1] / 1e6;
}

/** When a span ended, in milliseconds since the epoch. */
export function endOf(span: ReadableSpan): number {
  return span.endTime[0] * 1000 + span.endTime[1] / 1e6;
}

export const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
export const SPAN_ID = "00f067aa0ba902b7";

/** A delivered `plan.decomposed`, with some of it said otherwise. */
export function delivered(said: Partial<ProcessedMessage> = {}): ProcessedMessage {
  return {
    template: "genesis.v1.plan.decomposed",
    stream: "GENESIS",
    consumer: "halo",
    seq: 7,
    messageId: "0123456789abcdef0123456789abcdef",
    correlationId: "correlation-1",
    bytes: 512,
    run: "run-1",
    deliveryCount: 1,
    queueWaitMs: 2.5,
    traceparent: `00-${TRACE_ID}-${SPAN_ID}-01`,
    ...said,
  };
}
