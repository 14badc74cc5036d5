import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import type { Check } from "../../shared/contract/plan.ts";
import {
  ATTRIBUTE,
  type Observation,
  type PartObservation,
  type Point,
  type SpanEvent,
  type SpanName,
} from "../../shared/telemetry/names.ts";

/**
 * What a verdict shows: the score by which profile, which checks passed, and what was found, by code and not in
 * words.
 */
export function observe(event: StoredEvent<"plan.routed">, written: readonly NewEvent[]): Observation {
  const verdict = written.find((e) => e.type === "plan.validated" || e.type === "plan.rejected");
  if (verdict === undefined) return {};
  const { profile, score, checks } = verdict.data;
  const passed = verdict.type === "plan.validated";
  const quality = { [ATTRIBUTE.profile]: profile, [ATTRIBUTE.qualityScore]: score };
  const attributes = { [ATTRIBUTE.revision]: event.rev ?? 0, [ATTRIBUTE.passed]: passed, ...quality };
  const scored: Point = {
    metric: "qualityScore",
    labels: { profile, verdict: passed ? "passed" : "rejected" },
    value: score,
  };
  const hasQuality = checks.some(({ check, passed: isGood }) => check === "quality" && isGood);
  return {
    parts: [
      { part: "aop.validate", attributes },
      ...checks.map(checkPart),
      { part: "aop.evaluate_quality", attributes: quality, events: [evaluation(score, hasQuality)] },
    ],
    points: [scored, ...checks.flatMap(checkPoints)],
  };
}

function checkPart({ check, passed, score, findings }: Check): PartObservation {
  return {
    part: `aop.check.${check}` as SpanName,
    attributes: {
      [ATTRIBUTE.passed]: passed,
      [ATTRIBUTE.checkScore]: score,
      [ATTRIBUTE.findingCount]: findings.length,
    },
  };
}

function evaluation(score: number, isEnough: boolean): SpanEvent {
  return {
    name: "gen_ai.evaluation.result",
    attributes: {
      [ATTRIBUTE.genAiEvaluation]: "aop.quality",
      [ATTRIBUTE.genAiEvaluationScore]: score,
      [ATTRIBUTE.genAiEvaluationLabel]: isEnough ? "pass" : "fail",
    },
  };
}

function checkPoints({ check, passed, findings }: Check): Point[] {
  const failures = findings.map(({ code }): Point => ({
    metric: "planFailures",
    labels: { type: code },
    value: 1,
  }));
  const redundant: Point = { metric: "redundant", labels: {}, value: findings.length };
  const isRedundant = check === "redundancy" && findings.length > 0;
  return [
    { metric: "checks", labels: { check, result: passed ? "passed" : "failed" }, value: 1 },
    ...failures,
    ...(isRedundant ? [redundant] : []),
  ];
}
