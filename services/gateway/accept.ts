import type { Arrival } from "../../shared/bus/door.ts";
import type { NewEvent } from "../../shared/contract/events.ts";
import { checkHeaders, correlationIdOf, idempotencyKeyOf } from "../../shared/contract/headers.ts";
import { randomRun, readSubmission, runOfInbox, runOfKey } from "../../shared/contract/submission.ts";

/** Which run an arrival is, before anything else is known about it. @throws GenesisError `E_HEADER` */
export function runOf({ headers, inbox }: Arrival): { run: string; isKeyed: boolean } {
  checkHeaders(headers);
  const key = idempotencyKeyOf(headers);
  if (key !== undefined) return { run: runOfKey(key), isKeyed: true };
  return { run: inbox ? runOfInbox(inbox.sequence, inbox.storedAtNs) : randomRun(), isKeyed: false };
}

/**
 * The first event of a run, with every default filled in, and the caller's correlation id where one was given.
 * @param acceptedAtMs the time of the event, milliseconds since the epoch
 * @throws GenesisError with the reason for which the arrival is refused
 */
export function accept(
  arrival: Arrival,
  run: string,
  acceptedAtMs: number,
): { event: NewEvent<"task.submitted">; correlationId: string | undefined } {
  const correlationId = correlationIdOf(arrival.headers);
  const data = readSubmission(arrival.bytes, arrival.receivedAtMs, acceptedAtMs);
  return { event: { type: "task.submitted", run, tokens: ["once"], causationId: "", data }, correlationId };
}
