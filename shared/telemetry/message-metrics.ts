import { nowMs } from "./clock.ts";
import { record } from "./metrics.ts";
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
  /** From the broker's storing to the start of the work; undefined for what was never stored, as a request. */
  queueWaitMs?: number | undefined;
  /** When the work on it began, in milliseconds since the epoch; now if not given. */
  takenMs?: number | undefined;
};

const MS_PER_S = 1000;

/** Counts and times the handling of a message. */
export async function measureProcessing<T>(message: Handled, fn: () => Promise<T>): Promise<T> {
  const { template, deliveryCount } = message;
  const consumer = durableLabel(message.consumer);
  const queueWaitMs = Math.max(0, message.queueWaitMs ?? 0);
  const startedMs = performance.now() - (message.takenMs === undefined ? 0 : nowMs() - message.takenMs);
  record("consumed", { template, consumer });
  // The wait of a redelivery is mostly the handling that failed before it.
  if (deliveryCount > 1) record("redelivered", { consumer });
  else if (message.queueWaitMs !== undefined)
    record("queueWaitSeconds", { template }, queueWaitMs / MS_PER_S);
  try {
    const result = await fn();
    const stage = stageOf(consumer);
    record("stageSeconds", { stage }, (queueWaitMs + performance.now() - startedMs) / MS_PER_S);
    return result;
  } catch (error) {
    record("processFailures", { template, error_type: errorType(error) });
    throw error;
  } finally {
    record("processSeconds", { template }, (performance.now() - startedMs) / MS_PER_S);
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
