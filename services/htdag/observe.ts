import type { NewEvent } from "../../shared/contract/events.ts";
import { ATTRIBUTE, type Observation } from "../../shared/telemetry/names.ts";
import type { Asking } from "./decide.ts";

/** What planning shows: which revision, made by what, and how large. Of the goal only its length. */
export function observe(event: Asking, written: readonly NewEvent[]): Observation {
  const decomposed = written.find((e) => e.type === "plan.decomposed");
  if (decomposed === undefined) return {};
  const { planner, steps } = decomposed.data;
  const attributes = {
    [ATTRIBUTE.planner]: planner.kind,
    [ATTRIBUTE.revision]: decomposed.rev ?? 0,
    ...(event.type === "task.submitted" && { [ATTRIBUTE.requestLength]: event.data.goal.length }),
  };
  return {
    attributes,
    parts: [{ part: "htdag.decompose", attributes }],
    points: [
      { metric: "plans", labels: { planner: planner.kind }, value: 1 },
      { metric: "planSteps", labels: {}, value: steps.length },
    ],
  };
}
