import type { NewEvent } from "../../shared/contract/events.ts";
import { ATTRIBUTE, type Observation } from "../../shared/telemetry/names.ts";
import type { Asking } from "./decide.ts";

/**
 * What planning shows: which revision, made by what, and how large; of an update, how it was answered. Of the goal
 * only its length.
 */
export function observe(event: Asking, written: readonly NewEvent[]): Observation {
  const refused = written.find((e) => e.type === "plan.refused");
  if (refused) return observeRefusal(refused);
  const decomposed = written.find((e) => e.type === "plan.decomposed");
  if (decomposed === undefined) return {};
  const { planner, steps } = decomposed.data;
  const depth = steps.reduce((deepest, { level }) => Math.max(deepest, level + 1), 0);
  const attributes = {
    [ATTRIBUTE.genAiOperation]: "plan",
    [ATTRIBUTE.planner]: planner.kind,
    [ATTRIBUTE.revision]: decomposed.rev ?? 0,
    [ATTRIBUTE.planTaskCount]: steps.length,
    [ATTRIBUTE.planDepth]: depth,
    ...(event.type === "task.submitted" && { [ATTRIBUTE.requestLength]: event.data.goal.length }),
  };
  const topLevel = steps.filter(({ level }) => level === 0).length;
  const result = steps.length > 0 ? "planned" : "empty";
  return {
    parts: [{ part: "htdag.decompose", attributes }],
    points: [
      { metric: "plans", labels: { planner: planner.kind, result }, value: 1 },
      { metric: "planSteps", labels: { phase: "top_level" }, value: topLevel },
      { metric: "planSteps", labels: { phase: "final" }, value: steps.length },
      { metric: "planDepth", labels: {}, value: depth },
    ],
  };
}

function observeRefusal({ data }: NewEvent<"plan.refused">): Observation {
  return {
    attributes: { [ATTRIBUTE.updateOutcome]: "refused" },
    points: [{ metric: "planUpdates", labels: { outcome: "refused", reason: data.error.code }, value: 1 }],
  };
}
