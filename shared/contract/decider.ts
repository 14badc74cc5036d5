import type { EventType, NewEvent, StoredEvent } from "./events.ts";
import type { Timer } from "./subjects.ts";

/** Runs a named part of a pure decision. The stage runner makes it a span with its true times; a test passes `(_, fn) => fn()`. */
export type Part = <T>(name: string, fn: () => T) => T;

/** A part that is only run, for tests and for offline planning. */
export const justRun: Part = (_name, fn) => fn();

/** What a decision asks for: a fact to append, with what it was decided from, or a wake-up. */
export type Append = {
  event: NewEvent;
  /**
   * What must still be true for the fact to be stored: `subject`, that nothing stands on its subject; `attempt`, that the
   * attempt went to nobody yet; a sequence, that nothing was added to the run after it.
   */
  expect: "subject" | "attempt" | { runAt: number };
};

/** `at` is in milliseconds since the epoch, counted from the broker's time of the fact that starts the timer. */
export type SetTimer = { timer: Timer; atMs: number };

/** A run's history as a stage hands it to a decision: every readable fact, in stream order. */
export type History = readonly StoredEvent[];

/** The last event of a type in a history. */
export function lastOf<T extends EventType>(
  history: History,
  type: T,
  where: (event: StoredEvent<T>) => boolean = () => true,
): StoredEvent<T> | undefined {
  return history.findLast(
    (event): event is StoredEvent<T> & StoredEvent => event.type === type && where(event as StoredEvent<T>),
  ) as StoredEvent<T> | undefined;
}
