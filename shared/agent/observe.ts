import type { ErrorCode } from "../contract/errors.ts";
import type { Usage } from "../contract/plan.ts";
import { ATTRIBUTE, type Observation, type Point } from "../telemetry/names.ts";

/** One attempt that an agent made: how long it took, the code of its error if it failed, and what it spent. */
export type Attempt = {
  agent: string;
  durationMs: number;
  error: ErrorCode | undefined;
  usage: Usage | undefined;
};

/** What an attempt shows: how long it took and how it ended, what it spent, and the error's code on its span. */
export function observe({ agent, durationMs, error, usage = {} }: Attempt): Observation {
  const { inputTokens, outputTokens, costMicroUsd } = usage;
  const outcome = error === undefined ? "completed" : "failed";
  const tokens = (type: "input" | "output", value: number | undefined): Point[] =>
    value === undefined ? [] : [{ metric: "tokens", labels: { agent, type }, value }];
  const cost: Point[] =
    costMicroUsd === undefined ? [] : [{ metric: "cost", labels: { agent }, value: costMicroUsd }];
  return {
    attributes: {
      ...(error && { [ATTRIBUTE.errorType]: error }),
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
