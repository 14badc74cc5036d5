import { SpanKind, SpanStatusCode, type HrTime } from "@opentelemetry/api";
import { ExportResultCode } from "@opentelemetry/core";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import type { DestinationStream } from "pino";

/** Writes spans to where the log goes, one JSON object a line, so that whoever reads the log can read them too. */
export function consoleSpans(service: string, out: DestinationStream): SpanExporter {
  return {
    export(spans, done) {
      for (const span of spans) out.write(`${JSON.stringify({ ...lineOf(span), service })}\n`);
      done({ code: ExportResultCode.SUCCESS });
    },
    shutdown: async () => {},
  };
}

function lineOf(span: ReadableSpan): Record<string, unknown> {
  const { traceId, spanId } = span.spanContext();
  return {
    level: "info",
    time: new Date(msOf(span.startTime)).toISOString(),
    event: "span",
    msg: span.name,
    trace_id: traceId,
    span_id: spanId,
    parent_span_id: span.parentSpanContext?.spanId,
    kind: SpanKind[span.kind],
    duration_ms: msOf(span.duration),
    status: SpanStatusCode[span.status.code],
    attributes: span.attributes,
    events: span.events.map(({ name, attributes }) => ({ name, attributes })),
    links: span.links.map(({ context, attributes }) => ({
      trace_id: context.traceId,
      span_id: context.spanId,
      attributes,
    })),
  };
}

function msOf([seconds, ns]: HrTime): number {
  return seconds * 1000 + ns / 1e6;
}
