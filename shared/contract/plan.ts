import { z } from "zod";
import { stepId, token } from "./token.ts";

/** The shapes inside plans: steps, assignments with their decision records, verdicts. Used by the rows of `events.ts`. */

/** A run lasts at most five days, in milliseconds; so does an attempt at one of its steps. */
export const MAX_RUN_MS = 5 * 86_400_000;
export const timeoutMs = z.int().min(1).max(MAX_RUN_MS);

const ratio = z.number().min(0).max(1);

export const priority = z.enum(["high", "normal", "low"]);
export type Priority = z.infer<typeof priority>;

/** What a step cost: tokens and integer micro-USD. */
export const usage = z.object({
  inputTokens: z.int().min(0).optional(),
  outputTokens: z.int().min(0).optional(),
  costMicroUsd: z.int().min(0).optional(),
});
export type Usage = z.infer<typeof usage>;

export const onFailure = z.enum(["fail", "skip", "continue"]);
export type OnFailure = z.infer<typeof onFailure>;

export const step = z.object({
  id: stepId,
  kind: z.enum(["primitive", "compound"]),
  parent: token.optional(),
  level: z.int().min(0),
  taskType: token,
  title: z.string().min(1).max(512),
  dependsOn: z.array(token),
  input: z.record(z.string(), z.unknown()).optional(),
  skills: z.array(z.string().max(64)).optional(),
  timeoutMs,
  maxAttempts: z.int().min(1).max(100),
  onFailure,
  approval: z.boolean().optional(),
  estimate: z.record(z.string(), z.unknown()).optional(),
});
export type Step = z.infer<typeof step>;

export const candidate = z.object({
  agent: token,
  score: z.number(),
  rejectedBecause: z.string().optional(),
});
export type Candidate = z.infer<typeof candidate>;

/** Why a step went to its agent: enough to explain the choice to a person and to compute it again. */
export const decision = z.object({
  method: z.enum(["rule", "capability", "fallback"]),
  rule: token.optional(),
  /** The conditions that matched, as path and actual value. */
  matched: z.record(z.string(), z.unknown()),
  /** The agents that a rule or their capabilities bring into question, the chosen one among them. */
  candidates: z.array(candidate),
  /** All the rest: reason to agents. */
  others: z.record(z.string(), z.array(token)),
  explanation: z.string(),
});
export type Decision = z.infer<typeof decision>;

export const assignment = z.object({ step: token, agent: token, decision });
export type Assignment = z.infer<typeof assignment>;

export const unroutedStep = z.object({ step: token, reason: z.string(), decision });
export type UnroutedStep = z.infer<typeof unroutedStep>;

export const finding = z.object({
  code: z.string(),
  step: z.string().optional(),
  message: z.string(),
  suggestion: z.string().optional(),
});
export type Finding = z.infer<typeof finding>;

export const check = z.object({
  check: z.string(),
  passed: z.boolean(),
  score: ratio,
  findings: z.array(finding),
});
export type Check = z.infer<typeof check>;

export const verdict = z.object({
  planHash: z.string().regex(/^[0-9a-f]{64}$/),
  profile: z.string(),
  score: ratio,
  /** The terms of the score and the score of every profile. */
  parts: z.record(z.string(), z.number()),
  checks: z.array(check),
});
export type Verdict = z.infer<typeof verdict>;
