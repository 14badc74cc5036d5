import { DiagLogLevel, diag } from "@opentelemetry/api";

/** How the OTLP libraries begin what they say about an export that the other side took in part, or with a warning. */
const PARTIAL = "Received Partial Success response:";

/** Since it was last asked for. One exporter of a process sends OTLP. */
let rejected = 0;

/**
 * Listens to what OpenTelemetry's libraries say of themselves: the one place where they tell that spans were rejected
 * in an export that succeeded. Whatever else they say is dropped. Failures are counted and told by `countedBatches`; the
 * SDK would write them, where OTEL_LOG_LEVEL is set, to standard output, which belongs to the log.
 */
export function listenForRejections(): void {
  const logger = { error: ignore, warn: hear, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}

/** How many spans were rejected since this was last asked: by the export that has just ended, since it says so at its end. */
export function takeRejectedSpans(): number {
  const count = rejected;
  rejected = 0;
  return count;
}

function hear(said: unknown, ...more: unknown[]): void {
  if (said === PARTIAL) rejected += countIn(more[0]);
}

function ignore(): void {}

/** The text beside it is the other side's, may quote what it rejected, and is told nowhere. */
function countIn(text: unknown): number {
  try {
    const { rejectedSpans: count } = JSON.parse(String(text)) as { rejectedSpans?: unknown };
    return typeof count === "number" && count > 0 ? count : 0;
  } catch {
    return 0;
  }
}
