import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import type { Settings } from "../config.ts";
import type { Log } from "./logging.ts";

export type Tracing = {
  /** Sends what still waits. Settles within 2 s, whatever the exporters do. */
  stop(): Promise<void>;
};

/** Whose spans these are, and where they go: the settings that tracing reads. */
export type TracingOptions = {
  service: string;
  version: string;
  log: Log;
  settings: TracingSettings;
};

export type TracingSettings = Pick<
  Settings,
  | "tracesFile"
  | "tracesExporter"
  | "otlpEndpoint"
  | "otlpTracesEndpoint"
  | "otlpProtocol"
  | "otlpTracesProtocol"
  | "otlpTimeoutMs"
  | "otlpTracesTimeoutMs"
  | "spanQueueSize"
  | "spanBatchSize"
  | "spanDelayMs"
  | "spanExportTimeoutMs"
  | "attributeValueLength"
  | "spanAttributeValueLength"
  | "sdkDisabled"
>;

const STOP_TIMEOUT_MS = 2000;

/**
 * Starts recording spans, to an OTLP endpoint, to a file, to both, or, where neither is set, to nowhere. Contexts are
 * carried in every case, since log lines and the headers of messages are made of them. Nothing is patched: every span
 * is asked for. @throws the file system's error when the traces file cannot be opened
 */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  const contextManager = new AsyncLocalStorageContextManager();
  if (!hasTarget(options.settings)) {
    context.setGlobalContextManager(contextManager.enable());
    return { stop: async () => {} };
  }
  // The SDK takes half as long to load as all the rest of a service, so it is loaded only where it is used.
  const { startSdk } = await import("./sdk.ts");
  const sdk = await startSdk(options, contextManager);
  return { stop: () => stopWithin(sdk, options.log) };
}

/** The OTLP endpoint that spans are sent to, if they are: none is the default, unlike the specification's own. */
export function otlpEndpointOf(settings: TracingSettings): string | undefined {
  const { tracesExporter, otlpTracesEndpoint, otlpEndpoint } = settings;
  return tracesExporter.includes("otlp") ? (otlpTracesEndpoint ?? otlpEndpoint) : undefined;
}

function hasTarget(settings: TracingSettings): boolean {
  const { sdkDisabled, tracesExporter, tracesFile } = settings;
  const isWanted = otlpEndpointOf(settings) ?? tracesFile;
  return !sdkDisabled && (isWanted !== undefined || tracesExporter.includes("console"));
}

/** What is stopped: spans that could not be sent are given up, and counted. */
export type Stoppable = { shutdown(): Promise<void>; abandon(): number };

async function stopWithin(sdk: Stoppable, log: Log): Promise<void> {
  const timer = new Promise<void>((resolve) => setTimeout(resolve, STOP_TIMEOUT_MS).unref());
  await Promise.race([sdk.shutdown().catch(() => {}), timer]);
  const count = sdk.abandon();
  if (count > 0) log.warn({ event: "telemetry.lost", count }, "the last spans could not be exported");
}
