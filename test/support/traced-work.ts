import { setTimeout as sleep } from "node:timers/promises";
import { readSettings } from "../../shared/config.ts";
import { getObservability } from "../../shared/telemetry/observability.ts";
import { processSpan, publishSpan } from "../../shared/telemetry/messaging.ts";
import { exposition } from "../../shared/telemetry/metrics.ts";
import { delivered } from "./spans.ts";

/** What a process that traced some work says of it on standard error, as JSON. */
export type TracedWork = {
  /** The context that its messages carried. */
  traceparents: string[];
  /** How long the end of tracing took. */
  stopMs: number;
  /** The lines of `telemetry_spans_total`, without those at 0. */
  counts: string[];
};

// How many messages it handles, two spans each, and how long it rests after each.
const [messages = 20, restMs = 0] = process.argv.slice(2).map(Number);

const observability = getObservability();
await observability.start({ service: "halo", version: "1.2.3", settings: readSettings() });
const traceparents: string[] = [];
for (let seq = 0; seq < messages; seq++) {
  const message = delivered({ seq, traceparent: undefined });
  const joining = { ...message, joins: traceparents.slice(-2) };
  await processSpan(message, () =>
    publishSpan(joining, async ({ traceparent = "" }) => void traceparents.push(traceparent)),
  );
  if (restMs > 0) await sleep(restMs);
}
const stoppedMs = performance.now();
await observability.stop();
const stopMs = performance.now() - stoppedMs;
const { body } = await exposition();
const counts = body.split("\n").filter((line) => /^telemetry_spans_total\{.* [1-9]\d*$/.test(line));
process.stderr.write(JSON.stringify({ traceparents, stopMs, counts } satisfies TracedWork));
process.exit(0);
