import { lastOf, type Append, type History, type Part } from "../../shared/contract/decider.ts";
import { ERRORS, GenesisError } from "../../shared/contract/errors.ts";
import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import type { Subjects } from "../../shared/contract/subjects.ts";
import type { Catalog } from "../../shared/domain/catalog.ts";
import { fitsInFact } from "../../shared/domain/fact-size.ts";
import { plan } from "./plan.ts";

/** What asks for a plan: a task, the rejection of a plan, or somebody who wants a running one changed. */
export type Asking = StoredEvent<"task.submitted" | "plan.rejected" | "plan.update">;

export type Given = {
  event: Asking;
  /** The history of its run up to the event or beyond. */
  history: History;
  catalog: Pick<Catalog, "methods" | "agents">;
  subjects: Subjects;
};

/**
 * The plan, or the refusal, that an event asks for. Nothing for a run that has not begun, for what was answered before, and
 * for a run that is over, except an update that came before its end.
 */
export function decide({ event, history, catalog, subjects }: Given, part: Part): Append[] {
  const task = history.events.find((e) => e.type === "task.submitted");
  const end = lastOf(history, "run.finished");
  if (task === undefined || task.seq > event.seq || isAnswered(history, event)) return [];
  if (event.type === "plan.update")
    return end && end.seq < event.seq ? [] : [refusal(event, history, subjects)];
  if (end || (event.type === "plan.rejected" && event.data.final)) return [];
  const rev = event.type === "plan.rejected" ? (event.rev ?? 0) + 1 : 0;
  const data = plan(task.data, rev, catalog, part);
  const decomposed: NewEvent<"plan.decomposed"> = {
    type: "plan.decomposed",
    run: event.run,
    rev,
    tokens: [rev],
    causationId: event.id,
    data: fitsInFact(data) ? data : TOO_LARGE,
  };
  return [{ event: decomposed, expect: "subject" }];
}

/** What stands for a plan that is too large to write. */
const TOO_LARGE: NewEvent<"plan.decomposed">["data"] = {
  planner: { kind: "fallback" },
  steps: [],
  because: `E_TOO_LARGE ${ERRORS.E_TOO_LARGE.message}`,
};

function isAnswered({ events }: History, asking: Asking): boolean {
  return events.some(
    (e) => (e.type === "plan.decomposed" || e.type === "plan.refused") && e.causationId === asking.id,
  );
}

/** Running plans cannot be changed yet. Who asks on the base of an old revision is told that first: it would be so anyway. */
function refusal(update: StoredEvent<"plan.update">, history: History, subjects: Subjects): Append {
  const inForce = lastOf(history, "plan.validated")?.rev;
  const isStale = update.data.baseRev !== inForce;
  const error = isStale
    ? new GenesisError("E_STALE", [{ path: "baseRev", rule: "the newest validated revision" }])
    : new GenesisError("E_VALIDATION", [
        { path: "", rule: "updates of a running plan are not supported yet" },
      ]);
  const newest = inForce === undefined ? "no revision is validated yet" : `revision ${inForce} is in force`;
  const refused: NewEvent<"plan.refused"> = {
    type: "plan.refused",
    run: update.run,
    tokens: subjects.parse(update.subject).rest,
    causationId: update.id,
    data: {
      error: error.toJSON(),
      reason: isStale
        ? `It is based on revision ${update.data.baseRev}, and ${newest}.`
        : "Updates of a running plan are not supported yet; the run goes on with the plan it has.",
    },
  };
  return { event: refused, expect: "subject" };
}
