import type { EventData } from "../../shared/contract/events.ts";
import type { AgentCard } from "../../shared/domain/agents.ts";
import type { Step } from "../../shared/contract/plan.ts";
import type { Examined } from "./examined.ts";

export type Profile = EventData<"task.submitted">["policy"]["profile"];

/** The terms of the score, each from 0 to 1. Cost and time count against a plan. */
export type Terms = {
  successProduct: number;
  successGeometricMean: number;
  quality: number;
  cost: number;
  time: number;
};

/** The terms, and the score by every profile. */
export type Parts = Terms & Record<Profile, number>;

/**
 * How a profile weighs the terms: success × w + quality × w + (1 − cost) × w + (1 − time) × w. Both have the weights of the
 * original; `aop-v1` takes the geometric mean of the success rates, so that a long plan is not punished for its length.
 */
export const PROFILES = {
  "genesis-v1": {
    success: "successProduct",
    weights: { success: 0.4, quality: 0.3, cost: 0.2, time: 0.1 },
  },
  "aop-v1": {
    success: "successGeometricMean",
    weights: { success: 0.4, quality: 0.3, cost: 0.2, time: 0.1 },
  },
} as const satisfies Record<Profile, { success: keyof Terms; weights: Record<string, number> }>;

/** What a step of an agent costs, by the agent's tier. */
const TIER_COST = { free: 0, cheap: 0.2, medium: 0.5, expensive: 0.9 } as const satisfies Record<
  AgentCard["costTier"],
  number
>;

/** What is assumed of an agent that is not known, or of whose success nothing is known yet, and of a plan without steps. */
const UNKNOWN = { success: 0.7, quality: 0.5, cost: 0.5 } as const;

/** A chain of this many edges counts as the longest. */
const LONGEST = 10;

/** Shares of a fit between step and agent: the task type, and the skills that the step asks for. */
const FIT = { type: 0.7, skills: 0.3 } as const;

/** The terms and scores of a plan, to six decimals; what is not assigned is left out. Formulas: the original's AOP validator. */
export function partsOf(plan: Examined): Parts {
  const pairs = plan.primitives.flatMap((step) => {
    const assignment = plan.assignmentsOf.get(step.id)?.[0];
    return assignment ? [{ step, agent: plan.agentOf.get(assignment.agent) }] : [];
  });
  const rates = pairs.map(({ agent }) => agent?.successRate || UNKNOWN.success);
  const terms = {
    successProduct: rates.length === 0 ? UNKNOWN.success : rates.reduce((product, rate) => product * rate),
    successGeometricMean: geometricMean(rates, UNKNOWN.success),
    quality: mean(
      pairs.map(({ step, agent }) => (agent ? fit(step, agent) : UNKNOWN.quality)),
      UNKNOWN.quality,
    ),
    cost: mean(
      pairs.map(({ agent }) => (agent ? TIER_COST[agent.costTier] : UNKNOWN.cost)),
      UNKNOWN.cost,
    ),
    time: Math.min(plan.dag.longestPath / LONGEST, 1),
  };
  return {
    successProduct: rounded(terms.successProduct),
    successGeometricMean: rounded(terms.successGeometricMean),
    quality: rounded(terms.quality),
    cost: rounded(terms.cost),
    time: rounded(terms.time),
    "genesis-v1": rounded(scoreOf("genesis-v1", terms)),
    "aop-v1": rounded(scoreOf("aop-v1", terms)),
  };
}

/** What each term takes away from a full score by a profile, the most first. */
export function lossesOf(profile: Profile, terms: Terms): { term: Term; loss: number }[] {
  const { success, weights } = PROFILES[profile];
  const losses = [
    { term: "success" as const, loss: weights.success * (1 - terms[success]) },
    { term: "quality" as const, loss: weights.quality * (1 - terms.quality) },
    { term: "cost" as const, loss: weights.cost * terms.cost },
    { term: "time" as const, loss: weights.time * terms.time },
  ];
  return losses.toSorted((a, b) => b.loss - a.loss);
}

export type Term = keyof (typeof PROFILES)["aop-v1"]["weights"];

function scoreOf(profile: Profile, terms: Terms): number {
  const { success, weights } = PROFILES[profile];
  return (
    weights.success * terms[success] +
    weights.quality * terms.quality +
    weights.cost * (1 - terms.cost) +
    weights.time * (1 - terms.time)
  );
}

function fit({ taskType, skills = [] }: Step, agent: AgentCard): number {
  const typeShare = agent.taskTypes.includes(taskType) ? 1 : 0;
  const skillShare = mean(
    skills.map((skill) => (agent.skills.includes(skill) ? 1 : 0)),
    1,
  );
  return FIT.type * typeShare + FIT.skills * skillShare;
}

function mean(values: readonly number[], ofNone: number): number {
  return values.length === 0 ? ofNone : values.reduce((sum, value) => sum + value) / values.length;
}

/** By logarithms: the product of 500 rates may be too small for a number. */
function geometricMean(values: readonly number[], ofNone: number): number {
  return Math.exp(mean(values.map(Math.log), Math.log(ofNone)));
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
