import type { Done } from "../../shared/agent/run-agents.ts";
import { ATTRIBUTE, type Observation } from "../../shared/telemetry/names.ts";

/** What an attempt shows: how long it took and how it ended, and the error's code on its span. */
export function observe({ agent, outcome, durationMs }: Done): Observation {
  const ended = "completed" in outcome ? "completed" : "failed";
  return {
    attributes: "failed" in outcome ? { [ATTRIBUTE.errorType]: outcome.failed.error.code } : {},
    points: [{ metric: "stepSeconds", labels: { agent, outcome: ended }, value: durationMs / 1000 }],
  };
}
