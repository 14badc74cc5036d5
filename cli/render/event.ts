import type { Unreadable } from "../../shared/contract/decider.ts";
import type { StoredEvent } from "../../shared/contract/events.ts";
import { madeOf, named } from "../made.ts";
import { outputText } from "./agent-output.ts";
import type { Paint } from "./paint.ts";
import { errorText } from "./run.ts";
import { tableLines } from "./table.ts";
import { counted, shorten } from "./text.ts";
import { instant, timeOfDay } from "./time.ts";

const TEXT_WIDTH = 80;
const SHORT_ID = 8;

/** A fact of the log, or what stands there and cannot be read. */
export type Fact = StoredEvent | Unreadable;

/** All facts in stream order. */
export function inOrder(events: readonly StoredEvent[], unreadable: readonly Unreadable[]): Fact[] {
  return [...events, ...unreadable].toSorted((a, b) => a.seq - b.seq);
}

/** The log of a run as a table: where, when, what, and what caused it. */
export function factTable(facts: readonly Fact[], paint: Paint): string[] {
  const rows = facts.map((fact) => [
    String(fact.seq),
    instant(fact.storedAtMs),
    typeText(fact, paint),
    shorten(fact.id, SHORT_ID + 1).slice(0, SHORT_ID),
    "error" in fact ? "" : fact.causationId.slice(0, SHORT_ID),
    summaryOf(fact),
  ]);
  return tableLines(["SEQ", "TIME", "TYPE", "ID", "CAUSE", "WHAT"], rows, paint);
}

/** One fact as a line of a live report. */
export function factLine(fact: Fact, paint: Paint): string {
  const type = typeText(fact, paint) + " ".repeat(Math.max(0, TYPE_WIDTH - fact.type.length));
  return `${paint.dim(timeOfDay(fact.storedAtMs))}  ${type}  ${summaryOf(fact)}`;
}

/** As long as the longest type. */
const TYPE_WIDTH = 15;

function typeText(fact: Fact, paint: Paint): string {
  const isBad =
    "error" in fact ||
    fact.type === "step.failed" ||
    fact.type === "plan.rejected" ||
    fact.type === "plan.refused" ||
    (fact.type === "run.finished" && fact.data.outcome !== "completed");
  const isGood = !isBad && (fact.type === "step.completed" || fact.type === "run.finished");
  return isBad ? paint.red(fact.type) : isGood ? paint.green(fact.type) : fact.type;
}

/** What a fact says, on one short line. */
export function summaryOf(fact: Fact): string {
  if ("error" in fact) return `${fact.rest.join(" ")} cannot be read: ${errorText(fact.error)}`;
  switch (fact.type) {
    case "task.submitted":
      return shorten(fact.data.goal, TEXT_WIDTH);
    case "plan.decomposed":
      return `revision ${fact.rev}: ${counted(fact.data.steps.length, "step")}, planned by ${fact.data.planner.kind}`;
    case "plan.routed": {
      const { assignments, unrouted } = fact.data;
      const without = unrouted.length === 0 ? "" : `, ${unrouted.length} without an agent`;
      return `revision ${fact.rev}: ${counted(assignments.length, "step")} with an agent${without}`;
    }
    case "plan.validated":
    case "plan.rejected":
      return verdictText(fact);
    case "step.dispatched":
      return `${fact.step} to ${fact.data.agent}, attempt ${fact.attempt}`;
    case "step.completed":
      return `${fact.step} by ${named(fact.data.agent, madeOf(fact.data.output))}: ${outputText(fact.data.output, TEXT_WIDTH)}`;
    case "step.failed": {
      const again = fact.data.error.retryable ? "" : ", not to be tried again";
      return `${fact.step} by ${fact.data.agent}, attempt ${fact.attempt}${again}: ${errorText(fact.data.error)}`;
    }
    case "step.skipped":
      return `${fact.step}: ${shorten(fact.data.reason, TEXT_WIDTH)}`;
    case "plan.update":
      return `on revision ${fact.data.baseRev}: ${shorten(fact.data.because, TEXT_WIDTH)}`;
    case "plan.refused":
      return `${shorten(fact.data.reason, TEXT_WIDTH)} (${fact.data.error.code})`;
    case "run.signal": {
      const { kind, step, actor, reason } = fact.data;
      const why = reason === undefined ? "" : `: ${shorten(reason, TEXT_WIDTH)}`;
      return `${kind}${step === undefined ? "" : ` ${step}`} by ${shorten(actor.name, TEXT_WIDTH)}${why}`;
    }
    case "run.finished": {
      const { completed, failed, skipped } = fact.data.counts;
      return `${fact.data.outcome}: ${completed} completed, ${failed} failed, ${skipped} skipped`;
    }
  }
}

function verdictText({
  rev,
  type,
  data,
}: StoredEvent<"plan.validated"> | StoredEvent<"plan.rejected">): string {
  const scored = `revision ${rev}: ${shorten(data.profile, TEXT_WIDTH)} ${data.score.toFixed(2)}`;
  if (type === "plan.validated") return scored;
  const failed = data.checks.filter((check) => !check.passed).map((check) => check.check);
  const why = failed.length === 0 ? "" : `, failed ${shorten(failed.join(", "), TEXT_WIDTH)}`;
  return `${scored}${why}${data.final ? ", the last try" : ""}`;
}
