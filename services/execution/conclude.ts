import type { Append } from "../../shared/contract/decider.ts";
import type { GenesisError } from "../../shared/contract/errors.ts";
import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import type { Run } from "../../shared/domain/run.ts";
import type { Cause } from "../../shared/domain/step-state.ts";

/** Says that an attempt failed, for an agent that does not. */
export function fail(
  run: Run,
  { step = "", attempt = 1, data }: StoredEvent<"step.dispatched">,
  { cause, error }: { cause: Cause; error: GenesisError },
): Append {
  const event: NewEvent<"step.failed"> = {
    type: "step.failed",
    run: run.id,
    step,
    attempt,
    tokens: [step, attempt],
    causationId: cause.id,
    data: { agent: data.agent, error: error.toJSON() },
  };
  return { event, expect: { runAt: run.lastSeq } };
}

/** Says that a step will not run. @param why `because` is the step or the fact that it is skipped for */
export function skip(
  run: Run,
  step: string,
  { cause, reason, because = cause.id }: { cause: Cause; reason: string; because?: string },
): Append {
  const event: NewEvent<"step.skipped"> = {
    type: "step.skipped",
    run: run.id,
    step,
    tokens: [step],
    causationId: cause.id,
    data: { reason, because },
  };
  return { event, expect: { runAt: run.lastSeq } };
}
