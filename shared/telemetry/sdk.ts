import type { ContextManager } from "@opentelemetry/api";
import { setGlobalErrorHandler } from "@opentelemetry/core";
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
  type Resource,
} from "@opentelemetry/resources";
import { NodeSDK } from "@opentelemetry/sdk-node";
import type { SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace";
import { randomUUID } from "node:crypto";
import { consoleSpans } from "./console-spans.ts";
import { standardOutput } from "./logging.ts";
import { ATTRIBUTE, SERVICE_LAYERS } from "./names.ts";
import { listenForRejections, takeRejectedSpans } from "./partial-success.ts";
import { countedBatches, openTracesFile, type SpanTarget } from "./span-export.ts";
import { otlpEndpointOf, type Stoppable, type TracingOptions, type TracingSettings } from "./tracing.ts";

/** Somebody reads the file, or the lines, while the run is going on. */
const LOCAL_DELAY_MS = 200;

/**
 * Starts OpenTelemetry's SDK for traces alone. @throws the file system's error when the traces file cannot be opened
 */
export async function startSdk(options: TracingOptions, contextManager: ContextManager): Promise<Stoppable> {
  const { service, log, settings } = options;
  const targets = await spanTargets(options);
  const processors = targets.map((target) => countedBatches(target, log));
  const sdk = new NodeSDK({
    resource: resourceOf(options),
    // What would be detected of host and process costs time and names the machine.
    autoDetectResources: false,
    contextManager,
    // Headers are written and read in messaging.ts alone; no library passes a context on by itself.
    textMapPropagator: null,
    spanProcessors: [layerOf(service), ...processors],
    // Left out, the SDK would push metrics and logs to a default endpoint for ever.
    metricReaders: [],
    logRecordProcessors: [],
    // The other limits the SDK reads from their variables itself.
    spanLimits: {
      attributeValueLengthLimit: settings.spanAttributeValueLength ?? settings.attributeValueLength,
    },
  });
  // After the SDK was made: where OTEL_LOG_LEVEL is set, it puts a logger of its own there.
  listenForRejections();
  setGlobalErrorHandler(() => {});
  sdk.start();
  return {
    shutdown: () => sdk.shutdown(),
    abandon: () => processors.reduce((lost, processor) => lost + processor.abandon(), 0),
  };
}

async function spanTargets({ service, settings }: TracingOptions): Promise<SpanTarget[]> {
  const batches = {
    queueSize: settings.spanQueueSize,
    batchSize: settings.spanBatchSize,
    timeoutMs: settings.spanExportTimeoutMs,
  };
  const targets: SpanTarget[] = [];
  const endpoint = otlpEndpointOf(settings);
  if (endpoint !== undefined) {
    const exporter = await otlpExporter(settings);
    targets.push({
      name: "otlp",
      endpoint: new URL(endpoint).host,
      exporter,
      rejected: takeRejectedSpans,
      delayMs: settings.spanDelayMs,
      ...batches,
    });
  }
  if (settings.tracesExporter.includes("console")) {
    const exporter = consoleSpans(service, standardOutput());
    targets.push({ name: "console", exporter, delayMs: LOCAL_DELAY_MS, ...batches });
  }
  if (settings.tracesFile !== undefined) {
    const exporter = await openTracesFile(settings.tracesFile);
    targets.push({ name: "file", exporter, delayMs: LOCAL_DELAY_MS, ...batches });
  }
  return targets;
}

/** The exporter for the protocol that is asked for; the other one is not even loaded. */
async function otlpExporter(settings: TracingSettings): Promise<SpanExporter> {
  const timeoutMillis = settings.otlpTracesTimeoutMs ?? settings.otlpTimeoutMs;
  const { otlpTracesEndpoint, otlpEndpoint = "" } = settings;
  if ((settings.otlpTracesProtocol ?? settings.otlpProtocol) === "grpc") {
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-grpc");
    return new OTLPTraceExporter({ url: otlpTracesEndpoint ?? otlpEndpoint, timeoutMillis });
  }
  const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-proto");
  // The endpoint for traces is taken as it is; the one for everything is where the paths of all signals begin.
  const url = otlpTracesEndpoint ?? `${otlpEndpoint.replace(/\/$/, "")}/v1/traces`;
  return new OTLPTraceExporter({ url, timeoutMillis });
}

/** Whose spans they are. What `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` say goes before what we say. */
function resourceOf({ service, version }: TracingOptions): Resource {
  const identity = {
    "service.name": service,
    "service.namespace": "genesis",
    "service.version": version,
    "service.instance.id": randomUUID(),
  };
  const detectors = [resourceAttributesEnvDetector, serviceNameEnvDetector];
  return defaultResource().merge(resourceFromAttributes(identity)).merge(detectResources({ detectors }));
}

/**
 * Marks every span that says nothing itself with the layer that its service belongs to. A process that is none of the
 * house's services has agents.
 */
function layerOf(service: string): SpanProcessor {
  const layer = SERVICE_LAYERS[service] ?? "EXECUTION";
  return {
    onStart(span) {
      if (!(ATTRIBUTE.layer in span.attributes)) span.setAttribute(ATTRIBUTE.layer, layer);
    },
    onEnd() {},
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}
