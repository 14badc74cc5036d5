import { z } from "zod";
import { METRICS } from "../shared/telemetry/names.ts";
import type { MetricsSummary } from "../shared/telemetry/observability.ts";

/** A service that was asked for the summary of its metrics, and its answer or why there is none. */
export type ServiceMetrics = { service: string; http: string } & (
  | { metrics: MetricsSummary }
  | { failed: string }
);

const WAIT_MS = 3000;
/** A hundred times what a service has: whatever answers with more is not one of ours. */
const MOST_BYTES = 16 * 1024 * 1024;

const number = z.number().nullable();
const summary: z.ZodType<MetricsSummary> = z.record(
  z.string(),
  z.array(
    z.object({
      name: z.string(),
      kind: z.enum([...new Set(Object.values(METRICS).map(({ kind }) => kind))]),
      unit: z.string(),
      labels: z.record(z.string(), z.string()),
      count: number,
      sum: number,
      min: number,
      max: number,
      p50: number,
      p95: number,
      p99: number,
      value: number,
      basis: z.enum(["exact", "buckets"]),
    }),
  ),
);

/** Asks a service for the summary of its metrics. It is the service that sums up: what it says is shown as it is. */
export async function readMetrics({ name, http }: { name: string; http: string }): Promise<ServiceMetrics> {
  const about = { service: name, http };
  try {
    const response = await fetch(`${http}/metrics/summary`, { signal: AbortSignal.timeout(WAIT_MS) });
    if (!response.ok) return { ...about, failed: `answers ${response.status}` };
    return { ...about, metrics: summary.parse(JSON.parse(await boundedText(response))) };
  } catch (error) {
    const isAnswer =
      error instanceof z.ZodError || error instanceof SyntaxError || error instanceof RangeError;
    return {
      ...about,
      failed: isAnswer ? "answers something that is no summary of metrics" : "does not answer",
    };
  }
}

async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes as Uint8Array, { stream: true });
    if (text.length > MOST_BYTES) throw new RangeError("too long");
  }
  return text + decoder.decode();
}
