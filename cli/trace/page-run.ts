import type { Run } from "../../shared/domain/run.ts";
import type { Decision } from "../../shared/contract/plan.ts";
import { explain, type DecisionView } from "../decision-view.ts";
import { outputText } from "../render/agent-output.ts";
import { errorText } from "../render/run.ts";
import { oneLine, shorten, shortValue } from "../render/text.ts";
import type { RevisionView, RunView } from "../run-view.ts";
import type { StepView } from "../step-view.ts";

/** Keys and values for people, in their order. */
export type Pairs = readonly (readonly [key: string, value: string])[];

/** What a page tells of the run as a whole. */
export type PageRun = {
  id: string;
  goal: string;
  /** Its outcome, or as long as it has none its state. */
  state: string;
  durationMs: number;
  error?: string;
  steps?: { completed: number; failed: number; skipped: number };
  tokens: number;
  costMicroUsd: number;
  facts: Pairs;
  /** Its plans, the newest first. */
  plans: readonly PagePlan[];
};

/** A revision of the plan, and how it was judged. */
export type PagePlan = {
  rev: number;
  verdict: string;
  score?: number;
  facts: Pairs;
  findings: readonly string[];
};

/** A step, and why it went where it went. */
export type PageStep = {
  id: string;
  title: string;
  kind: string;
  state: string;
  agent?: string;
  durationMs?: number;
  facts: Pairs;
  decision?: PageDecision;
};

/** The decision record of a step. */
export type PageDecision = {
  choice: string;
  explanation: string;
  rules: string;
  matched: Pairs;
  candidates: readonly { agent: string; score: number; isChosen: boolean; because: string }[];
  others: readonly { reason: string; agents: readonly string[] }[];
};

const GOAL_WIDTH = 300;
const TEXT_WIDTH = 600;
const VALUE_WIDTH = 200;
/** A rejected plan can have a finding per step. */
const MOST_FINDINGS = 50;

/** What there is to say of a run as a whole. @param traces ids of its traces */
export function pageRun(view: RunView, traces: readonly string[]): PageRun {
  const { usage, counts, error, taskType } = view;
  return {
    id: view.run,
    goal: shorten(view.goal, GOAL_WIDTH),
    state: view.outcome ?? view.state,
    durationMs: view.durationMs,
    ...(error && { error: errorText(error) }),
    ...(counts && { steps: counts }),
    tokens: (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0),
    costMicroUsd: usage.costMicroUsd ?? 0,
    facts: [
      ["run", view.run],
      [traces.length === 1 ? "trace" : "traces", traces.join(", ")],
      ["correlation", oneLine(view.correlationId)],
      ["submitted", view.submittedAt],
      ["due", view.deadline],
      ...(view.finishedAt === undefined ? [] : [["finished", view.finishedAt] as const]),
      ["priority", view.priority],
      ...(taskType === undefined ? [] : [["task type", taskType] as const]),
    ],
    plans: view.revisions.toReversed().map(pagePlan),
  };
}

function pagePlan({ rev, planner, steps, verdict, score, ...judged }: RevisionView): PagePlan {
  const by = [planner.kind, planner.methods?.join(" > ") ?? planner.model ?? ""].filter(Boolean).join(" ");
  return {
    rev,
    verdict: verdict === "pending" ? "not judged yet" : verdict,
    ...(score !== undefined && { score }),
    facts: [
      ["planned by", shorten(by, TEXT_WIDTH)],
      ["steps", String(steps)],
      ...(judged.profile === undefined ? [] : [["profile", oneLine(judged.profile)] as const]),
      ...Object.entries(judged.parts ?? {}).map(([name, value]) => [oneLine(name), value.toFixed(2)] as const),
    ],
    findings: judged.findings.slice(0, MOST_FINDINGS).map(({ code, check, step, message, suggestion }) => {
      const where = step === undefined ? "" : `${step}: `;
      return shorten(`${code} ${check}: ${where}${message}${suggestion ? ` → ${suggestion}` : ""}`, TEXT_WIDTH);
    }),
  };
}

/** The steps of a run, in the order of its plan. */
export function pageSteps(run: Run, view: RunView): PageStep[] {
  return view.steps.map((step) => {
    const explained = explain(run, step.id);
    return {
      id: step.id,
      title: shorten(step.title, TEXT_WIDTH),
      kind: step.kind,
      state: step.state,
      ...(step.agent !== undefined && { agent: step.agent }),
      ...(step.durationMs !== undefined && { durationMs: step.durationMs }),
      facts: stepFacts(step),
      ...(explained.is === "routed" && { decision: pageDecision(explained.view) }),
    };
  });
}

function stepFacts(step: StepView): Pairs {
  const { attempts, maxAttempts, dependsOn, error, reason, output } = step;
  const facts: (readonly [string, string | undefined])[] = [
    ["task type", step.taskType],
    ["agent", step.agent && `${step.agent}${step.simulated ? " (simulated)" : ""}`],
    ["part of", step.parent],
    ["after", dependsOn.length > 0 ? shorten(dependsOn.join(", "), TEXT_WIDTH) : undefined],
    ["attempts", attempts.length > 0 ? `${attempts.length} of at most ${maxAttempts}` : undefined],
    ["error", error && errorText(error)],
    ["reason", reason === undefined ? undefined : shorten(reason, TEXT_WIDTH)],
    ["output", output === undefined ? undefined : outputText(output, TEXT_WIDTH)],
  ];
  return facts.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
}

const METHODS: Record<Decision["method"], string> = {
  rule: "by rule",
  capability: "by capability: no rule applies, so whoever can do it best",
  fallback: "by fallback: nothing else applies",
};

function pageDecision({ agent, unroutedBecause, rules, decision }: DecisionView): PageDecision {
  const by = [METHODS[decision.method], decision.rule].filter(Boolean).join(" ");
  return {
    choice:
      agent === undefined ? `goes to nobody: ${shorten(unroutedBecause ?? "", TEXT_WIDTH)}` : `goes to ${agent}, ${by}`,
    explanation: shorten(decision.explanation, TEXT_WIDTH),
    rules: `version ${oneLine(rules.version)}, hash ${shorten(rules.hash, 12)}`,
    matched: Object.entries(decision.matched).map(([path, value]) => {
      return [oneLine(path), shortValue(value, VALUE_WIDTH)] as const;
    }),
    candidates: decision.candidates.map(({ agent: name, score, rejectedBecause }) => ({
      agent: name,
      score,
      isChosen: name === agent,
      because: shorten(rejectedBecause ?? "", TEXT_WIDTH),
    })),
    others: Object.entries(decision.others)
      .filter(([, agents]) => agents.length > 0)
      .map(([reason, agents]) => ({ reason: shorten(reason, TEXT_WIDTH), agents })),
  };
}
