import { z } from "zod";
import { token } from "../contract/token.ts";
import { conditionOn } from "./condition.ts";

/** What a rule may ask about: the step that is to be routed. */
export const RULE_ROOTS = ["taskType", "title", "input"] as const;

const ruleEntry = z.strictObject({
  id: token.describe("unique over all catalogues; every decision record names it"),
  priority: z
    .int()
    .min(0)
    .max(1000)
    .default(10)
    .describe("higher is tried first; equal ones in the order of the file"),
  when: conditionOn(RULE_ROOTS).describe(
    "what must be true of a step: paths that begin with taskType, title or input",
  ),
  agent: token.describe("the agent that takes the step"),
  because: z.string().min(1).max(200).describe("the reason, for a person; part of every explanation"),
});
/** A routing rule: steps like this go to that agent, because. */
export type Rule = z.infer<typeof ruleEntry>;

/** The file `rules.yaml`. */
export const rulesFile = z.strictObject({
  version: z
    .string()
    .min(1)
    .max(32)
    .describe("of this rule set, for people; decision records carry its hash as well"),
  rules: z.array(ruleEntry).max(1000),
});

/** The task types that a rule names outright; empty for a rule that asks about something else. */
export function taskTypesOf(rule: Rule): string[] {
  const wanted = rule.when["taskType"];
  if (typeof wanted === "string") return [wanted];
  if (typeof wanted !== "object" || wanted === null) return [];
  return (wanted.in ?? []).filter((value) => typeof value === "string");
}
