import type { NewEvent } from "../../shared/contract/events.ts";
import { correlationIdOf, idempotencyKeyOf, checkHeaders, type HeaderValues } from "../../shared/contract/headers.ts";
import { randomRun, readSubmission, runOfInbox, runOfKey } from "../../shared/contract/submission.ts";

/** What came in at a door. `receivedAtMs` is the broker's time for an inbox message, the gateway's for a request. */
export type Arrival = {
  bytes: Uint8Array;
  headers: HeaderValues;
  receivedAtMs: number;
  /** Where it stood in the inbox; absent for a request. */
  inbox?: { sequence: number; storedAtNs: string };
};

/** Which run an arrival is, before anything else is known about it. @throws GenesisError `E_HEADER` */
export function runOf({ headers, inbox }: Arrival): { run: string; isKeyed: boolean } {
  checkHeaders(headers);
  const key = idempotencyKeyOf(headers);
  if (key !== undefined) return { run: runOfKey(key), isKeyed: true };
  return { run: inbox ? runOfInbox(inbox.sequence, inbox.storedAtNs) : randomRun(), isKeyed: false };
}

/**
 * The first event of a run, with every default filled in.
 * @throws GenesisError with the reason for which the arrival is refused
 */
export function accept(arrival: Arrival, run: string): { event: NewEvent<"task.submitted">; correlationId: string | undefined } {
  const data = readSubmission(arrival.bytes, arrival.receivedAtMs);
  return {
    event: { type: "task.submitted", run, tokens: ["once"], causationId: "", data },
    correlationId: correlationIdOf(arrival.headers),
  };
}
