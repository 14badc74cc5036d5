import { diag, type ContextManager } from "@opentelemetry/api";
import { setGlobalErrorHandler } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { NodeSDK } from "@opentelemetry/sdk-node";
import type { SpanProcessor } from "@opentelemetry/sdk-trace";
import { randomUUID } from "node:crypto";
import { ATTRIBUTE, SERVICE_LAYERS } from "./names.ts";
import { countedBatches, openTracesFile, type SpanTarget } from "./span-export.ts";
import type { TracingOptions } from "./tracing.ts";

const OTLP_DELAY_MS = 1000;
/** Somebody reads the file while the run is going on. */
const FILE_DELAY_MS = 200;
const OTLP_TIMEOUT_MS = 2000;
/** Of a value that is longer, the beginning is kept. */
const MAX_VALUE_LENGTH = 1024;

/** Starts OpenTelemetry's SDK for traces alone. @throws the file system's error when the traces file cannot be opened */
export async function startSdk(options: TracingOptions, contextManager: ContextManager): Promise<NodeSDK> {
  const { service, version, log, settings } = options;
  const targets = await spanTargets(settings);
  const sdk = new NodeSDK({
    resource: defaultResource().merge(resourceFromAttributes(identity(service, version))),
    // What would be detected of host and process costs time and names the machine.
    autoDetectResources: false,
    contextManager,
    // Headers are written and read in messaging.ts alone; no library passes a context on by itself.
    textMapPropagator: null,
    spanProcessors: [layerOf(service), ...targets.map((target) => countedBatches(target, log))],
    // Left out, the SDK would push metrics and logs to a default endpoint for ever.
    metricReaders: [],
    logRecordProcessors: [],
    spanLimits: { attributeValueLengthLimit: MAX_VALUE_LENGTH },
  });
  // Failures are counted and told by `countedBatches`; the SDK would write each, where OTEL_LOG_LEVEL is set, to standard
  // output, which belongs to the log.
  diag.disable();
  setGlobalErrorHandler(() => {});
  sdk.start();
  return sdk;
}

async function spanTargets(settings: TracingOptions["settings"]): Promise<SpanTarget[]> {
  const targets: SpanTarget[] = [];
  const url = settings.otlpTracesEndpoint ?? settings.otlpEndpoint;
  if (url !== undefined) {
    const exporter = new OTLPTraceExporter({ url, timeoutMillis: OTLP_TIMEOUT_MS });
    targets.push({ name: "otlp", exporter, delayMs: OTLP_DELAY_MS });
  }
  if (settings.tracesFile !== undefined) {
    const exporter = await openTracesFile(settings.tracesFile);
    targets.push({ name: "file", exporter, delayMs: FILE_DELAY_MS });
  }
  return targets;
}

function identity(service: string, version: string): Record<string, string> {
  return {
    "service.name": service,
    "service.namespace": "genesis",
    "service.version": version,
    "service.instance.id": randomUUID(),
  };
}

/** Marks every span that says nothing itself with the layer that its service belongs to. */
function layerOf(service: string): SpanProcessor {
  const layer = SERVICE_LAYERS[service];
  return {
    onStart(span) {
      if (layer !== undefined && !(ATTRIBUTE.layer in span.attributes))
        span.setAttribute(ATTRIBUTE.layer, layer);
    },
    onEnd() {},
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}
