import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import type { Candidate, Decision } from "../../shared/contract/plan.ts";
import {
  ATTRIBUTE,
  type Observation,
  type PartObservation,
  type Point,
  type SpanAttributes,
  type SpanEvent,
} from "../../shared/telemetry/names.ts";

/** A span tells of this many candidates; the decision record in the log has them all. */
const MAX_CANDIDATES = 16;

/**
 * What the routing of a plan shows: how many steps found an agent, by what, under which rule set, and each decision.
 */
export function observe(event: StoredEvent<"plan.decomposed">, written: readonly NewEvent[]): Observation {
  const routed = written.find((e) => e.type === "plan.routed");
  if (routed === undefined) return {};
  const { assignments, unrouted, rules } = routed.data;
  const taskTypeOf = new Map(event.data.steps.map(({ id, taskType }) => [id, taskType]));
  const attributes = {
    [ATTRIBUTE.revision]: event.rev ?? 0,
    [ATTRIBUTE.taskCount]: assignments.length + unrouted.length,
    [ATTRIBUTE.unroutedCount]: unrouted.length,
    [ATTRIBUTE.ruleSetVersion]: rules.version,
    [ATTRIBUTE.ruleSetHash]: rules.hash,
  };
  const decided = [...assignments, ...unrouted].map(({ step, decision }) =>
    decisionPart(step, taskTypeOf.get(step) ?? "", decision),
  );
  const routings = assignments.flatMap(({ step, agent, decision }) =>
    pointsOf(agent, taskTypeOf.get(step) ?? "", decision),
  );
  const failures = unrouted.map(({ decision, reason }): Point => {
    return { metric: "unrouted", labels: { reason: reasonOf(decision, reason) }, value: 1 };
  });
  return {
    parts: [{ part: "halo.route", attributes }, ...decided],
    points: [...routings, ...failures],
  };
}

/** How many steps each agent may do at a time. */
export function capacities(agents: readonly { name: string; concurrency: number }[]): Point[] {
  return agents.map(({ name, concurrency }) => {
    return { metric: "agentCapacity", labels: { agent: name }, value: concurrency };
  });
}

function decisionPart(step: string, taskType: string, decision: Decision): PartObservation {
  const { method, rule, candidates } = decision;
  const chosen = chosenOf(decision);
  const attributes: SpanAttributes = {
    [ATTRIBUTE.taskType]: taskType,
    [ATTRIBUTE.haloMethod]: method,
    [ATTRIBUTE.candidateCount]: candidates.length,
    [ATTRIBUTE.explanation]: withoutValues(decision),
    ...(rule !== undefined && { [ATTRIBUTE.ruleId]: rule }),
    ...(chosen !== undefined && {
      [ATTRIBUTE.haloAgent]: chosen.agent,
      [ATTRIBUTE.margin]: marginOf(chosen, candidates),
    }),
  };
  return {
    part: "halo.decide",
    key: step,
    attributes,
    events: candidates.slice(0, MAX_CANDIDATES).map(eventOf),
  };
}

function eventOf({ agent, score, rejectedBecause }: Candidate): SpanEvent {
  return {
    name: "halo.candidate",
    attributes: {
      [ATTRIBUTE.candidateAgent]: agent,
      [ATTRIBUTE.candidateScore]: score,
      ...(rejectedBecause !== undefined && { [ATTRIBUTE.candidateRejected]: rejectedBecause }),
    },
  };
}

function pointsOf(agent: string, taskType: string, decision: Decision): Point[] {
  const { method, rule = "", candidates, explanation } = decision;
  const points: Point[] = [
    { metric: "routings", labels: { agent, task_type: taskType, rule, method }, value: 1 },
    { metric: "candidates", labels: {}, value: candidates.length },
  ];
  const chosen = chosenOf(decision);
  if (chosen !== undefined && candidates.length > 1)
    points.push({ metric: "margin", labels: {}, value: marginOf(chosen, candidates) });
  if (!explanation.includes(agent)) points.push({ metric: "unexplained", labels: {}, value: 1 });
  return points;
}

function chosenOf({ candidates }: Decision): Candidate | undefined {
  return candidates.find(({ rejectedBecause }) => rejectedBecause === undefined);
}

/**
 * How far the chosen agent's score is ahead of the best of the others; a rule may choose one that is not ahead at
 * all.
 */
function marginOf(chosen: Candidate, candidates: readonly Candidate[]): number {
  const others = candidates.filter((other) => other !== chosen).map(({ score }) => score);
  return Math.max(0, chosen.score - Math.max(0, ...others));
}

/** The values that a rule matched may be a user's own. */
function withoutValues({ explanation, matched }: Decision): string {
  return Object.entries(matched).reduce(
    (text, [path, value]) => text.replaceAll(`${path} ${JSON.stringify(value)}`, path),
    explanation,
  );
}

function reasonOf({ candidates }: Decision, reason: string): "no_agent" | "unfit" | "too_large" {
  if (reason.startsWith("E_TOO_LARGE")) return "too_large";
  return candidates.length === 0 ? "no_agent" : "unfit";
}
