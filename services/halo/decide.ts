import type { Append, Part } from "../../shared/contract/decider.ts";
import type { ErrorCode } from "../../shared/contract/errors.ts";
import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import type { Step } from "../../shared/contract/plan.ts";
import { fitsInFact } from "../../shared/domain/fact-size.ts";
import { emptyRecord } from "./record.ts";
import { route, rulesUsed, type Registry, type RoutedData } from "./route.ts";
import { FORMS } from "./shorten.ts";

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
    data: firstThatFits(full) ?? tooLarge(steps, registry),
  };
  return [{ event: routed, expect: "subject" }];
}

function firstThatFits(full: RoutedData): RoutedData | undefined {
  for (const formOf of FORMS) {
    const form = formOf(full);
    if (fitsInFact(form)) return form;
  }
  return undefined;
}

/**
 * What stands for a routed plan that is too large to write: no step has an agent, and that is why. It takes fewer bytes
 * for a step than the step itself takes in the plan, so it fits for every plan that there can be.
 */
function tooLarge(steps: readonly Step[], registry: Registry): RoutedData {
  const reason: ErrorCode = "E_TOO_LARGE";
  const ids = new Set(steps.filter(({ kind }) => kind === "primitive").map(({ id }) => id));
  const decision = emptyRecord("");
  return {
    ...rulesUsed(registry),
    assignments: [],
    unrouted: [...ids].map((step) => ({ step, reason, decision })),
  };
}
