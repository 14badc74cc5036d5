import type { SpanContext } from "@opentelemetry/api";
import { nowMs } from "./clock.ts";
import { record, recordPoint } from "./metrics.ts";
import { SERVICE_LAYERS } from "./names.ts";
import { errorType } from "./spans.ts";

/** What is measured of a message that is handled. */
export type Handled = {
  /** Its subject without ids. */
  template: string;
  /** The durable, or the door, that it came by. */
  consumer: string;
  /** 1 for the first delivery. */
  deliveryCount: number;
  /** Whether somebody asked for it to be handled again: then it is no hop of a run that is under way. */
  isRedriven?: boolean | undefined;
  /** From the broker's storing to the start of the work; undefined for what was never stored, as a request. */
  queueWaitMs?: number | undefined;
  /** When the work on it began, in milliseconds since the epoch; now if not given. */
  takenMs?: number | undefined;
};

const MS_PER_S = 1000;

/**
 * Counts and times the handling of a message. @param spanOf for handling that has no span of its own, as a door's: the
 * one that it led to, for the exemplars
 */
export async function measureProcessing<T>(
  message: Handled,
  fn: () => Promise<T>,
  spanOf?: (result: T) => SpanContext | undefined,
): Promise<T> {
  const { template, deliveryCount } = message;
  const consumer = durableLabel(message.consumer);
  const queueWaitMs = Math.max(0, message.queueWaitMs ?? 0);
  const startedMs = performance.now() - (message.takenMs === undefined ? 0 : nowMs() - message.takenMs);
  let by: SpanContext | undefined;
  const time = (metric: "queueWaitSeconds" | "processSeconds", ms: number): void =>
    recordPoint({ metric, labels: { template }, value: ms / MS_PER_S }, by);
  // The wait of a redelivery is mostly the handling that failed before it.
  const isFirst = deliveryCount === 1 && message.queueWaitMs !== undefined;
  record("consumed", { template, consumer });
  if (deliveryCount > 1) record("redelivered", { consumer });
  if (isFirst && spanOf === undefined) time("queueWaitSeconds", queueWaitMs);
  try {
    const result = await fn();
    by = spanOf?.(result);
    const value = (queueWaitMs + performance.now() - startedMs) / MS_PER_S;
    const labels = { stage: stageOf(consumer) };
    if (!message.isRedriven) recordPoint({ metric: "stageSeconds", labels, value }, by);
    return result;
  } catch (error) {
    record("processFailures", { template, error_type: errorType(error) });
    throw error;
  } finally {
    if (isFirst && spanOf !== undefined) time("queueWaitSeconds", queueWaitMs);
    time("processSeconds", performance.now() - startedMs);
  }
}

/** Counts and times the sending of a message, until the broker's word. */
export async function measurePublishing<T>(
  { template, stream }: { template: string; stream: string },
  fn: () => Promise<T>,
): Promise<T> {
  const startedMs = performance.now();
  let error_type = "";
  try {
    return await fn();
  } catch (error) {
    error_type = errorType(error);
    throw error;
  } finally {
    record("published", { template, error_type });
    record("publishSeconds", { stream }, (performance.now() - startedMs) / MS_PER_S);
  }
}

const LANE = /^(agent-.+)-(?:high|normal|low)$/;

/**
 * A durable as a label: those of one agent count as one, or a service with many agents would have three times the
 * series.
 */
export function durableLabel(durable: string): string {
  return LANE.exec(durable)?.[1] ?? durable;
}

/** The stage of a run that a durable belongs to: the service of its name, and of an agent's, the agents. */
function stageOf(durable: string): string {
  if (Object.hasOwn(SERVICE_LAYERS, durable)) return durable;
  return durable.startsWith("agent-") ? "agents" : durable.replace(/-.*/, "");
}
