import type { Append, Part } from "../../shared/contract/decider.ts";
import { ERRORS } from "../../shared/contract/errors.ts";
import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import type { Step } from "../../shared/contract/plan.ts";
import { fitsInFact } from "../../shared/domain/fact-size.ts";
import { emptyRecord } from "./record.ts";
import { route, rulesUsed, type Registry, type RoutedData } from "./route.ts";

/** The routed form of a plan. It is made from the plan alone, so nothing else of the run is asked for. */
export function decide(event: StoredEvent<"plan.decomposed">, registry: Registry, part: Part): Append[] {
  const { rev = 0 } = event;
  const { steps } = event.data;
  const full = route(steps, registry, part);
  const routed: NewEvent<"plan.routed"> = {
    type: "plan.routed",
    run: event.run,
    rev,
    tokens: [rev],
    causationId: event.id,
    data: fitsInFact(full) ? full : tooLarge(steps, registry),
  };
  return [{ event: routed, expect: "subject" }];
}

/** What stands for a routed plan that is too large to write: no step has an agent, and that is why. */
function tooLarge(steps: readonly Step[], registry: Registry): RoutedData {
  const reason = `E_TOO_LARGE ${ERRORS.E_TOO_LARGE.message}`;
  const ids = new Set(steps.filter(({ kind }) => kind === "primitive").map(({ id }) => id));
  const decision = emptyRecord("Nobody was chosen: the records of all choices do not fit into one message.");
  return {
    ...rulesUsed(registry),
    assignments: [],
    unrouted: [...ids].map((step) => ({ step, reason, decision })),
  };
}
