import { z } from "zod";
import { token } from "../contract/token.ts";
import { HEADER } from "../contract/headers.ts";
import { parseJson } from "../contract/json.ts";
import { parseWith } from "../contract/validate.ts";
import { currentTraceparent } from "../telemetry/messaging.ts";
import type { Bus } from "./connect.ts";
import { headersOf } from "./requests.ts";

const MAX_BYTES = 16 * 1024;

const progress = z.object({
  run: token,
  step: token,
  attempt: z.int().min(1),
  note: z.union([z.string(), z.record(z.string(), z.unknown())]),
});

/** How far a step is, in its agent's words. It is not stored: whoever does not listen misses it. */
export type Progress = z.infer<typeof progress>;

/** Tells whoever watches the run. What is too large to tell, or cannot be written as JSON, is dropped. */
export function tellProgress({ nc, subjects }: Bus, told: Progress): void {
  try {
    const bytes = new TextEncoder().encode(JSON.stringify(told));
    if (bytes.length > MAX_BYTES) return;
    const traceparent = currentTraceparent();
    const headers = headersOf(traceparent === undefined ? {} : { [HEADER.traceparent]: traceparent });
    nc.publish(subjects.progress(told.run, told.step), bytes, { headers });
  } catch {
    // Progress must never cost a step its result.
  }
}

/** Hands over the progress of a run's steps as it is told. Returns how to stop. */
export function watchProgress(
  { nc, subjects }: Bus,
  run: string,
  onProgress: (progress: Progress) => void,
): () => void {
  const anyStep = subjects.progress(run, "step").replace(/step$/, "*");
  const subscription = nc.subscribe(anyStep, {
    callback: (error, message) => {
      const told = error === null ? readProgress(message.data) : undefined;
      // What is thrown in here would end the reading of the whole connection.
      if (told?.run === run) queueMicrotask(() => onProgress(told));
    },
  });
  return () => subscription.unsubscribe();
}

function readProgress(bytes: Uint8Array): Progress | undefined {
  try {
    return bytes.length > MAX_BYTES ? undefined : parseWith(progress, parseJson(bytes));
  } catch {
    return undefined;
  }
}
