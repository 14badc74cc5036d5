import type { OutputRef, StoredEvent } from "../../shared/contract/events.ts";
import { sha256 } from "../../shared/contract/plan-hash.ts";
import type { Cause } from "../../shared/domain/step-state.ts";

export type Output = { step: string; event: StoredEvent<"step.completed"> };

const encoder = new TextEncoder();

/** The size of a value as JSON, in bytes. */
export function sizeOf(value: unknown): number {
  return encoder.encode(JSON.stringify(value)).length;
}

/**
 * Outputs by step: as they are while all of them together stay under `room` bytes; else the largest stand as
 * references to the stored message that holds them, as many as it takes.
 */
export function inlineOrRefs(outputs: readonly Output[], room: number): Record<string, unknown> {
  let used = outputs.reduce((sum, { step, event }) => sum + event.raw.length + step.length, 0);
  const byReference = new Set<string>();
  for (const { step, event } of outputs.toSorted((a, b) => b.event.raw.length - a.event.raw.length)) {
    if (used <= room) break;
    byReference.add(step);
    used -= event.raw.length - sizeOf(reference(event));
  }
  return Object.fromEntries(
    outputs.map(({ step, event }) => [step, byReference.has(step) ? reference(event) : event.data.output]),
  );
}

/** A join is parented on the message that was read; its other inputs are linked. */
export function otherInputs(outputs: readonly Output[], cause: Pick<Cause, "id">): string[] {
  return outputs.flatMap(({ event }) =>
    event.id !== cause.id && event.traceparent ? [event.traceparent] : [],
  );
}

function reference(event: StoredEvent<"step.completed">): OutputRef {
  return { $ref: event.subject, bytes: event.raw.length, sha256: sha256(event.raw) };
}
