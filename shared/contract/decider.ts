import type { ErrorShape } from "./errors.ts";
import type { EventType, NewEvent, StoredEvent } from "./events.ts";
import type { Timer } from "./subjects.ts";

/** Runs a named part of a pure decision. The stage runner makes it a span with its true times; a test passes `(_, fn) => fn()`. */
export type Part = <T>(name: string, fn: () => T) => T;

/** A part that is only run, for tests and for offline planning. */
export const justRun: Part = (_name, fn) => fn();

/** A fact to append, with what it was decided from. */
export type Append = {
  event: NewEvent;
  /**
   * What must still be true for the fact to be stored: `subject`, that nothing stands on its subject; `attempt`, that the
   * attempt went to nobody yet; a sequence, that nothing was added to the run after it.
   */
  expect: "subject" | "attempt" | { runAt: number };
  /** The contexts (`traceparent`) of the inputs of a join other than the message that was read: the publish span links to them. */
  links?: readonly string[];
};

/** A wake-up to set. `atMs` is in milliseconds since the epoch, counted from the broker's time of the fact that starts the timer. */
export type SetTimer = { timer: Timer; atMs: number };

/** What is decided: facts to append, in their order, and wake-ups to set. */
export type Decision = readonly (Append | SetTimer)[];

/** A fact that stands in the log and cannot be read. It still has a meaning: see `domain/run.ts`. */
export type Unreadable = {
  type: EventType;
  run: string;
  /** The tokens after the run in its subject. */
  rest: readonly string[];
  seq: number;
  storedAtMs: number;
  /** Its `Nats-Msg-Id`, or empty. */
  id: string;
  error: ErrorShape;
};

/** A run's history as a stage hands it to a decision: everything under the run's id up to `lastSeq`, in stream order. */
export type History = {
  run: string;
  events: readonly StoredEvent[];
  unreadable: readonly Unreadable[];
  lastSeq: number;
};

/** The last event of a type in a history. */
export function lastOf<T extends EventType>(
  history: History,
  type: T,
  where: (event: StoredEvent<T>) => boolean = () => true,
): StoredEvent<T> | undefined {
  const isIt = (event: StoredEvent): boolean => event.type === type && where(event as StoredEvent<T>);
  return history.events.findLast(isIt) as StoredEvent<T> | undefined;
}
