import { readSettings } from "../../shared/config.ts";
import { createLog } from "../../shared/telemetry/logging.ts";
import { processSpan, publishSpan } from "../../shared/telemetry/messaging.ts";
import { exposition } from "../../shared/telemetry/metrics.ts";
import { startTracing } from "../../shared/telemetry/tracing.ts";
import { delivered } from "./spans.ts";

/** What a process that traced some work says of it on standard error, as JSON. */
export type TracedWork = {
  /** The context that its messages carried. */
  traceparents: string[];
  /** How long the end of tracing took. */
  stopMs: number;
  /** The lines of `telemetry_spans_total`. */
  counts: string[];
};

const HANDLED = 20;

const log = createLog({ service: "halo", level: "info", format: "json" });
const tracing = await startTracing({ service: "halo", version: "1.2.3", log, settings: readSettings() });
const traceparents: string[] = [];
for (let seq = 0; seq < HANDLED; seq++) {
  const message = delivered({ seq, traceparent: undefined });
  await processSpan(message, [], () =>
    publishSpan(message, async ({ traceparent = "" }) => void traceparents.push(traceparent)),
  );
}
const stoppedMs = performance.now();
await tracing.stop();
const stopMs = performance.now() - stoppedMs;
const { body } = await exposition();
const counts = body.split("\n").filter((line) => line.startsWith("telemetry_spans_total{"));
process.stderr.write(JSON.stringify({ traceparents, stopMs, counts } satisfies TracedWork));
process.exit(0);
