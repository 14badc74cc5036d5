import type { Run } from "../../shared/domain/run.ts";
import { explain } from "../decision-view.ts";
import { named } from "../made.ts";
import { outputText } from "../render/agent-output.ts";
import { errorText } from "../render/run.ts";
import { oneLine, shorten } from "../render/text.ts";
import { duration } from "../render/time.ts";
import type { RevisionView, RunView } from "../run-view.ts";
import type { StepView } from "../step-view.ts";
import { known, type Block, type Pairs } from "./page-block.ts";
import { decisionBlock } from "./page-decision.ts";

/** What a page tells of the run as a whole. */
export type PageRun = {
  id: string;
  goal: string;
  /** Its outcome, or as long as it has none its state. */
  state: string;
  error?: string;
  figures: Pairs;
  blocks: readonly Block[];
};

/** A step, and why it went where it went. */
export type PageStep = {
  id: string;
  state: string;
  isPrimitive: boolean;
  summary: string;
  blocks: readonly Block[];
};

const GOAL_WIDTH = 300;
const TEXT_WIDTH = 600;
/** A rejected plan can have a finding per step. */
const MOST_FINDINGS = 50;

/** What there is to say of a run as a whole. @param traces ids of its traces */
export function pageRun(view: RunView, traces: readonly string[]): PageRun {
  const goal = shorten(view.goal, GOAL_WIDTH);
  return {
    id: view.run,
    goal,
    state: view.outcome ?? view.state,
    ...(view.error && { error: errorText(view.error) }),
    figures: figuresOf(view),
    blocks: [
      {
        title: "Run",
        texts: [goal],
        facts: known([
          ["run", view.run],
          [traces.length === 1 ? "trace" : "traces", traces.join(", ")],
          ["correlation", oneLine(view.correlationId)],
          ["submitted", view.submittedAt],
          ["due", view.deadline],
          ["finished", view.finishedAt],
          ["priority", view.priority],
          ["task type", view.taskType],
        ]),
      },
      ...view.revisions.toReversed().map(planBlock),
    ],
  };
}

function figuresOf({ durationMs, counts, revisions, usage }: RunView): Pairs {
  const { completed = 0, failed = 0, skipped = 0 } = counts ?? {};
  const others = [failed > 0 && `${failed} failed`, skipped > 0 && `${skipped} skipped`].filter(Boolean);
  const plan = revisions.at(-1);
  const score = plan?.score === undefined ? undefined : `${plan.score.toFixed(2)} ${plan.verdict}`;
  const cost = usage.costMicroUsd ?? 0;
  return known([
    ["took", duration(durationMs)],
    ["steps", counts && [`${completed} completed`, ...others].join(", ")],
    ["plan's score", score && `${score}${revisions.length > 1 ? `, revision ${plan!.rev}` : ""}`],
    ["tokens", ((usage.inputTokens ?? 0) + (usage.outputTokens ?? 0)).toLocaleString("en")],
    ["cost", `$${(cost / 1e6).toFixed(cost > 0 ? 4 : 0)}`],
  ]);
}

function planBlock(
  { rev, planner, steps, verdict, profile, score, parts, findings }: RevisionView,
  i: number,
): Block {
  const by = [planner.kind, planner.methods?.join(" > ") ?? planner.model ?? ""].filter(Boolean).join(" ");
  const judged = verdict === "pending" ? "not judged yet" : `${verdict} with ${(score ?? 0).toFixed(2)}`;
  return {
    title: `Plan, revision ${rev}: ${judged}`,
    isFolded: i > 0,
    facts: known([
      ["planned by", shorten(by, TEXT_WIDTH)],
      ["steps", String(steps)],
      ["profile", profile && oneLine(profile)],
      ...Object.entries(parts ?? {}).map(([name, value]) => [oneLine(name), value.toFixed(2)] as const),
    ]),
    texts: findings.slice(0, MOST_FINDINGS).map(({ code, check, step, message, suggestion }) => {
      const where = step === undefined ? "" : `${step}: `;
      return shorten(
        `${code} ${check}: ${where}${message}${suggestion ? ` → ${suggestion}` : ""}`,
        TEXT_WIDTH,
      );
    }),
  };
}

/** The steps of a run, in the order of its plan. */
export function pageSteps(run: Run, view: RunView): PageStep[] {
  return view.steps.map((step) => {
    const { id, state, kind, agent, durationMs } = step;
    const explained = explain(run, id);
    const took = durationMs === undefined ? undefined : duration(durationMs);
    return {
      id,
      state,
      isPrimitive: kind === "primitive",
      summary: [agent ?? "nobody", took].filter(Boolean).join(" · "),
      blocks: [
        { title: `Step ${id}: ${state}`, texts: [shorten(step.title, TEXT_WIDTH)], facts: stepFacts(step) },
        ...(explained.is === "routed" ? [decisionBlock(explained.view)] : []),
      ],
    };
  });
}

function stepFacts(step: StepView): Pairs {
  const { agent, made, attempts, maxAttempts, dependsOn, error, reason, output } = step;
  return known([
    ["task type", step.taskType],
    ["agent", agent && named(agent, made)],
    ["part of", step.parent],
    ["after", dependsOn.length > 0 ? shorten(dependsOn.join(", "), TEXT_WIDTH) : undefined],
    ["attempts", attempts.length > 0 ? `${attempts.length} of at most ${maxAttempts}` : undefined],
    ["error", error && errorText(error)],
    ["reason", reason === undefined ? undefined : shorten(reason, TEXT_WIDTH)],
    ["output", output === undefined ? undefined : outputText(output, TEXT_WIDTH)],
  ]);
}
