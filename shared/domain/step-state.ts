import type { ErrorShape } from "../contract/errors.ts";
import type { StoredEvent } from "../contract/events.ts";

/** The event that brought something about: what a fact that follows from it names as its cause. */
export type Cause = { id: string; seq: number };

export type StepState =
  | { is: "waiting" }
  | { is: "running"; dispatched: StoredEvent<"step.dispatched"> }
  /** An attempt failed and another one is allowed. */
  | { is: "retrying"; failed: StoredEvent<"step.failed"> }
  | { is: "completed"; event: StoredEvent<"step.completed"> }
  | { is: "failed"; cause: Cause; error: ErrorShape }
  | { is: "skipped"; event: StoredEvent<"step.skipped"> };

/** A state that nothing can change any more. */
export type TerminalState = Extract<StepState, { is: "completed" | "failed" | "skipped" }>;

/** Whether nothing can change the state any more. */
export function isTerminal(state: StepState): state is TerminalState {
  return state.is === "completed" || state.is === "failed" || state.is === "skipped";
}

/** What brought a state about that nothing can change any more. */
export function causeOf(state: TerminalState): Cause {
  return state.is === "failed" ? state.cause : state.event;
}
