import type { Candidate, Decision } from "../../shared/contract/plan.ts";

/** What an explanation is told about beside the record: the step's task type, and the reason that its rule gives. */
export type About = { taskType: string; because?: string | undefined };

/** An explanation names at most this many agents of a kind; the record has them all. */
const MAX_NAMED = 3;

/**
 * A decision in words. Made from the record and the rule's own reason alone, so that anyone who has the record and
 * the rule set can make it again.
 */
export function explain(record: Omit<Decision, "explanation">, { taskType, because }: About): string {
  const { candidates } = record;
  const at = candidates.findIndex(({ rejectedBecause }) => rejectedBecause === undefined);
  const chosen = candidates[at];
  if (chosen === undefined) return `Nobody takes it: ${hindrances(candidates, taskType)}.`;
  const how =
    record.method === "rule"
      ? `Rule ${record.rule} matches (${conditions(record.matched)}) and names ${chosen.agent}: ${because}.`
      : `By capability: ${chosen.agent} takes ${taskType}${ahead(chosen, candidates.slice(at + 1))}.`;
  return [how, passedOver(candidates.slice(0, at)), places(record.matched)].filter(Boolean).join(" ");
}

/** Why none of the candidates can take a step. */
export function hindrances(candidates: readonly Candidate[], taskType: string): string {
  if (candidates.length === 0) return `no agent takes ${taskType}`;
  return listed(
    candidates.map(({ agent, rejectedBecause }) => `${agent} ${rejectedBecause}`),
    "; ",
  );
}

function conditions(matched: Decision["matched"]): string {
  const told = Object.entries(matched).filter(([path]) => !path.startsWith("agent."));
  return told.map(([path, value]) => `${path} ${JSON.stringify(value)}`).join(", ") || "every step";
}

function ahead(chosen: Candidate, behind: readonly Candidate[]): string {
  if (behind.length === 0) return "";
  const names = behind.map(({ agent, score }) => `${agent} (${score})`);
  return ` with a success rate of ${chosen.score}, ahead of ${listed(names, ", ")}`;
}

function passedOver(before: readonly Candidate[]): string {
  if (before.length === 0) return "";
  const names = before.map(({ agent, rejectedBecause }) => `${agent} ${rejectedBecause}`);
  return `Passed over: ${listed(names, "; ")}.`;
}

function places(matched: Decision["matched"]): string {
  const load = Number(matched["agent.load"]);
  const concurrency = Number(matched["agent.concurrency"]);
  const taken = `${load} of its ${concurrency} places may be taken at the same time`;
  if (load === 0) return "All its places are free.";
  return load < concurrency ? `${taken}.` : `Nobody who can take it has room, so it waits there: ${taken}.`;
}

/** The first few of some texts, and how many more there are. */
export function listed(texts: readonly string[], separator: string): string {
  const more = texts.length - MAX_NAMED;
  return [...texts.slice(0, MAX_NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join(separator);
}
