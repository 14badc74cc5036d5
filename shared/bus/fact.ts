import type { Unreadable } from "../contract/decider.ts";
import { decode } from "../contract/envelope.ts";
import { GenesisError, asGenesisError } from "../contract/errors.ts";
import type { StoredEvent } from "../contract/events.ts";
import { HEADER, headerOf, type HeaderValues } from "../contract/headers.ts";
import type { ParsedSubject, Subjects } from "../contract/subjects.ts";
import type { StoredMessage } from "./direct-get.ts";

/** What stands in the log: an event, or something that cannot be read as one. */
export type Fact =
  | { seq: number; event: StoredEvent; unreadable?: undefined }
  /** `unreadable` is undefined where not even the subject is a fact's. */
  | { seq: number; event?: undefined; unreadable: Unreadable | undefined };

const MESSAGE_ID = /^[\x21-\x7e]{1,64}$/;

/**
 * Reads a message of the log as an event. @throws GenesisError with the code under which it belongs into the dead
 * letters
 */
export function eventOf(subjects: Subjects, message: StoredMessage): StoredEvent {
  if (!message.isWellFormed)
    throw new GenesisError("E_HEADER", [{ path: "headers", rule: "lines of name: value" }]);
  return decode(subjects, message);
}

/** Reads a message of the log, whatever it is; never throws. */
export function factOf(subjects: Subjects, message: StoredMessage): Fact {
  const { seq } = message;
  try {
    return { seq, event: eventOf(subjects, message) };
  } catch (error) {
    return { seq, unreadable: unreadableOf(subjects, message, asGenesisError(error)) };
  }
}

/** A message that cannot be read, as the fact that it is by its subject; undefined where the subject is no fact's. */
export function unreadableOf(
  subjects: Subjects,
  { subject, seq, storedAtMs, headers }: StoredMessage,
  error: GenesisError,
): Unreadable | undefined {
  const parsed = parsedSubject(subjects, subject);
  return parsed && { ...parsed, seq, storedAtMs, id: messageIdIn(headers) ?? "", error: error.toJSON() };
}

function parsedSubject(subjects: Subjects, subject: string): ParsedSubject | undefined {
  try {
    return subjects.parse(subject);
  } catch {
    return undefined;
  }
}

/** The id in the headers of a message, or undefined where it could not stand as the cause of another. */
export function messageIdIn(headers: HeaderValues): string | undefined {
  const id = headerOf(headers, HEADER.messageId);
  return id !== undefined && MESSAGE_ID.test(id) ? id : undefined;
}
