import type { ErrorCode } from "../contract/errors.ts";
import type { Usage } from "../contract/plan.ts";
import { ATTRIBUTE, type Observation, type Point } from "../telemetry/names.ts";

/** How an attempt ended: one that was told to stop, because nobody wants its result any more, has not failed. */
export type Ending =
  | { outcome: "completed" }
  | { outcome: "failed"; error: ErrorCode }
  | { outcome: "stopped"; stoppedFor: string };

/** One attempt that an agent made: how long it took, how it ended, and what it spent. */
export type Attempt = { agent: string; durationMs: number; ending: Ending; usage: Usage | undefined };

/** What an attempt shows: how long it took and how it ended, what it spent, and the error's code on its span. */
export function observe({ agent, durationMs, ending, usage = {} }: Attempt): Observation {
  const { inputTokens, outputTokens, costMicroUsd } = usage;
  const { outcome } = ending;
  const tokens = (type: "input" | "output", value: number | undefined): Point[] =>
    value === undefined ? [] : [{ metric: "tokens", labels: { agent, type }, value }];
  const cost: Point[] =
    costMicroUsd === undefined ? [] : [{ metric: "cost", labels: { agent }, value: costMicroUsd }];
  return {
    attributes: {
      ...(outcome === "failed" && { [ATTRIBUTE.errorType]: ending.error }),
      ...(outcome === "stopped" && { [ATTRIBUTE.stoppedFor]: ending.stoppedFor }),
      ...(inputTokens !== undefined && { [ATTRIBUTE.genAiInputTokens]: inputTokens }),
      ...(outputTokens !== undefined && { [ATTRIBUTE.genAiOutputTokens]: outputTokens }),
      ...(costMicroUsd !== undefined && { [ATTRIBUTE.costMicroUsd]: costMicroUsd }),
    },
    points: [
      { metric: "stepSeconds", labels: { agent, outcome }, value: durationMs / 1000 },
      ...tokens("input", inputTokens),
      ...tokens("output", outputTokens),
      ...cost,
    ],
  };
}
