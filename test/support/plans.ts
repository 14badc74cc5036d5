import { POLICY_DEFAULTS } from "../../shared/contract/events.ts";
import type { Assignment, Decision, Step } from "../../shared/contract/plan.ts";
import type { AgentCard } from "../../shared/domain/agents.ts";
import type { RoutedPlan } from "../../services/aop/examined.ts";

/** An agent of a test: its task types, and what else matters. */
export function card(name: string, taskTypes: string[], more: Partial<AgentCard> = {}): AgentCard {
  return {
    name,
    taskTypes,
    skills: [],
    costTier: "cheap",
    successRate: 0.9,
    concurrency: 10,
    external: false,
    ...more,
  };
}

/** The agents of the original that its published scores are about. */
export const ORIGINAL_AGENTS: readonly AgentCard[] = [
  card("spec_agent", ["design", "requirements", "architecture", "planning"], {
    skills: ["specification", "planning", "requirements_analysis"],
    successRate: 0.85,
  }),
  card("builder_agent", ["implement", "code", "build", "develop", "generic", "api_call", "file_write"], {
    skills: ["coding", "debugging", "refactoring"],
    costTier: "medium",
    successRate: 0.82,
  }),
  card("qa_agent", ["test", "validation", "qa", "quality_assurance", "test_run"], {
    skills: ["testing", "test_automation", "quality_assurance"],
    successRate: 0.87,
  }),
  card("deploy_agent", ["deploy", "infrastructure", "devops"], {
    skills: ["devops", "cloud", "kubernetes", "ci_cd"],
    costTier: "medium",
    successRate: 0.84,
  }),
  card("darwin_agent", ["evolution", "improve_agent", "fix_bug", "optimize"], {
    skills: ["self_improvement", "code_generation"],
    costTier: "expensive",
    successRate: 0,
    concurrency: 3,
  }),
];

const decision: Decision = {
  method: "capability",
  matched: {},
  candidates: [],
  others: {},
  explanation: "for a test",
};

export function assigned(step: string, agent: string): Assignment {
  return { step, agent, decision };
}

export function unrouted(step: string, reason: string) {
  return { step, reason, decision };
}

/** A plan in which every primitive step went to the first agent that takes its type; give what else matters. */
export function routedPlan(steps: readonly Step[], more: Partial<RoutedPlan> = {}): RoutedPlan {
  const agents = more.agents ?? ORIGINAL_AGENTS;
  const assignments = steps
    .filter((step) => step.kind === "primitive")
    .flatMap(({ id, taskType }) => {
      const taker = agents.find((agent) => agent.taskTypes.includes(taskType));
      return taker ? [assigned(id, taker.name)] : [];
    });
  return { policy: { ...POLICY_DEFAULTS }, steps, routed: { assignments, unrouted: [] }, agents, ...more };
}
