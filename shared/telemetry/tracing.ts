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
  settings: Pick<Settings, "tracesFile" | "otlpEndpoint" | "otlpTracesEndpoint" | "sdkDisabled">;
};

const STOP_TIMEOUT_MS = 2000;

/**
 * Starts recording spans, to an OTLP endpoint, to a file, to both, or, where neither is set, to nowhere. Contexts are carried
 * in every case, since log lines and the headers of messages are made of them. Nothing is patched: every span is asked for.
 * @throws the file system's error when the traces file cannot be opened
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

function hasTarget(settings: TracingOptions["settings"]): boolean {
  const { sdkDisabled, otlpEndpoint, otlpTracesEndpoint, tracesFile } = settings;
  return sdkDisabled !== "true" && (otlpEndpoint ?? otlpTracesEndpoint ?? tracesFile) !== undefined;
}

async function stopWithin(sdk: { shutdown(): Promise<void> }, log: Log): Promise<void> {
  const late = Symbol("late");
  const timer = new Promise((resolve) => setTimeout(resolve, STOP_TIMEOUT_MS, late).unref());
  const outcome = await Promise.race([sdk.shutdown().catch(() => late), timer]);
  if (outcome === late) log.warn({ event: "telemetry.lost" }, "the last spans could not be exported");
}
