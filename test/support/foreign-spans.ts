import { SpanStatusCode } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

/** What a careless service would say. */
export type CarelessSpan = {
  name: string;
  resource: Record<string, string>;
  attributes: Record<string, string>;
  event: Record<string, string>;
  status: string;
};

/** Sends one span to a receiver of OTLP, and waits until it is accepted. @returns its trace id */
export async function sendSpan(url: string, span: CarelessSpan): Promise<string> {
  const provider = new TracerProvider({
    resource: resourceFromAttributes(span.resource),
    spanProcessors: [
      new SimpleSpanProcessor({ exporter: new OTLPTraceExporter({ url, timeoutMillis: 5000 }) }),
    ],
  });
  const started = provider.getTracer("careless").startSpan(span.name, { attributes: span.attributes });
  started.addEvent("exception", span.event);
  started.setStatus({ code: SpanStatusCode.ERROR, message: span.status });
  started.end();
  await provider.forceFlush();
  await provider.shutdown();
  return started.spanContext().traceId;
}
