import type { AgentCard } from "../../shared/domain/agents.ts";
import type { Method } from "../../shared/domain/methods.ts";
import type { Rule } from "../../shared/domain/rules.ts";
import type { Paint } from "./paint.ts";
import { tableLines } from "./table.ts";
import { oneLine, shorten, shortValue } from "./text.ts";

const LIST_WIDTH = 60;
const TEXT_WIDTH = 80;

/** Agents as a table, in the order of the files. */
export function agentTable(agents: readonly AgentCard[], paint: Paint): string[] {
  const rows = agents.map(({ name, taskTypes, skills, costTier, successRate, concurrency, external }) => [
    external ? `${name} ${paint.dim("(external)")}` : name,
    costTier,
    successRate === 0 ? "unknown" : `${Math.round(successRate * 100)} %`,
    String(concurrency),
    shorten(taskTypes.join(", "), LIST_WIDTH),
    shorten(skills.join(", "), LIST_WIDTH),
  ]);
  return tableLines(["AGENT", "COST", "SUCCESS", "AT ONCE", "TASK TYPES", "SKILLS"], rows, paint);
}

/** Rules as a table, in the order in which they are tried. */
export function ruleTable(rules: readonly Rule[], paint: Paint): string[] {
  const rows = rules.map(({ id, priority, when, agent, because }) => [
    String(priority),
    id,
    conditionsText(when),
    agent,
    shorten(because, TEXT_WIDTH),
  ]);
  return tableLines(["PRIORITY", "RULE", "WHEN", "AGENT", "BECAUSE"], rows, paint);
}

/** Methods as a table, in the order in which they are tried. */
export function methodTable(methods: readonly Method[], paint: Paint): string[] {
  const rows = methods.map((method) => [
    String(method.priority),
    `${method.id}@${method.version}`,
    method.task,
    conditionsText(method.when),
    subtasksText(method),
  ]);
  return tableLines(["PRIORITY", "METHOD", "FOR TASK", "WHEN", "SUBTASKS"], rows, paint);
}

function conditionsText(when: Readonly<Record<string, unknown>>): string {
  const conditions = Object.entries(when).map(([path, wanted]) => `${oneLine(path)} ${wantedText(wanted)}`);
  return conditions.length === 0 ? "always" : shorten(conditions.join(", "), LIST_WIDTH);
}

/** A value that is wanted, or tests by name with what they compare to. */
function wantedText(wanted: unknown): string {
  if (typeof wanted !== "object" || wanted === null) return shortValue(wanted, LIST_WIDTH);
  const tests = Object.entries(wanted).map(([test, value]) => {
    const values = Array.isArray(value) ? value.map(String).join(" | ") : String(value);
    return `${test} ${values}`;
  });
  return shorten(tests.join(" and "), LIST_WIDTH);
}

function subtasksText({ ordered, parallel }: Method): string {
  if (ordered) return shorten(ordered.map(({ task }) => task).join(" → "), TEXT_WIDTH);
  return shorten((parallel ?? []).map(({ task }) => task).join(", "), TEXT_WIDTH);
}
