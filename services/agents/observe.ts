import type { ErrorShape } from "../../shared/contract/errors.ts";
import { ATTRIBUTE, type Observation } from "../../shared/telemetry/names.ts";

/** One attempt that an agent made: how long it took, and the error if it failed. */
type Done = { agent: string; durationMs: number; error: ErrorShape | undefined };

/** What an attempt shows: how long it took and how it ended, and the error's code on its span. */
export function observe({ agent, durationMs, error }: Done): Observation {
  const outcome = error === undefined ? "completed" : "failed";
  return {
    attributes: error === undefined ? {} : { [ATTRIBUTE.errorType]: error.code },
    points: [{ metric: "stepSeconds", labels: { agent, outcome }, value: durationMs / 1000 }],
  };
}
