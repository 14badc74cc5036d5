import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import { ATTRIBUTE, type Observation, type Point } from "../../shared/telemetry/names.ts";

/** What the routing of a plan shows: how many steps found an agent, by what, and under which rule set. */
export function observe(event: StoredEvent<"plan.decomposed">, written: readonly NewEvent[]): Observation {
  const routed = written.find((e) => e.type === "plan.routed");
  if (routed === undefined) return {};
  const { assignments, unrouted, rules } = routed.data;
  const taskTypeOf = new Map(event.data.steps.map(({ id, taskType }) => [id, taskType]));
  const attributes = {
    [ATTRIBUTE.revision]: event.rev ?? 0,
    [ATTRIBUTE.taskCount]: assignments.length + unrouted.length,
    [ATTRIBUTE.unroutedCount]: unrouted.length,
    [ATTRIBUTE.ruleSetHash]: rules.hash,
  };
  const routings = assignments.map(({ step, agent, decision }): Point => {
    const labels = { agent, task_type: taskTypeOf.get(step) ?? "", method: decision.method };
    return { metric: "routings", labels, value: 1 };
  });
  const failures = unrouted.map(({ step }): Point => {
    return { metric: "unrouted", labels: { task_type: taskTypeOf.get(step) ?? "" }, value: 1 };
  });
  return { attributes, parts: [{ part: "halo.route", attributes }], points: [...routings, ...failures] };
}
