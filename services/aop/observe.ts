import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import { ATTRIBUTE, type Observation, type Point } from "../../shared/telemetry/names.ts";

/** What a verdict shows: the score by which profile, and which checks passed. Of the findings only how many checks have some. */
export function observe(event: StoredEvent<"plan.routed">, written: readonly NewEvent[]): Observation {
  const verdict = written.find((e) => e.type === "plan.validated" || e.type === "plan.rejected");
  if (verdict === undefined) return {};
  const { profile, score, checks } = verdict.data;
  const passed = verdict.type === "plan.validated";
  const quality = { [ATTRIBUTE.profile]: profile, [ATTRIBUTE.qualityScore]: score };
  const attributes = { [ATTRIBUTE.revision]: event.rev ?? 0, [ATTRIBUTE.passed]: passed, ...quality };
  const results = checks.map(({ check, passed: isGood }): Point => {
    return { metric: "checks", labels: { check, result: isGood ? "passed" : "failed" }, value: 1 };
  });
  const scored: Point = {
    metric: "qualityScore",
    labels: { profile, verdict: passed ? "passed" : "rejected" },
    value: score,
  };
  return {
    attributes,
    parts: [
      { part: "aop.validate", attributes },
      { part: "aop.evaluate_quality", attributes: quality },
    ],
    points: [scored, ...results],
  };
}
