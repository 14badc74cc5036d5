import { z } from "zod";
import { GenesisError } from "./errors.ts";
import { EVENTS, EVENT_TYPES, time, type EventType, type NewEvent, type StoredEvent } from "./events.ts";
import { HEADER, checkHeaders, headerOf, type HeaderValues } from "./headers.ts";
import { MAX_FACT_DEPTH, parseJson } from "./json.ts";
import { sha256 } from "./plan-hash.ts";
import type { Subjects } from "./subjects.ts";
import { token } from "./token.ts";
import { validate } from "./validate.ts";

/** A fact may have this many bytes. */
export const MAX_FACT_BYTES = 256 * 1024;
/** A fact keeps results inline while it stays under this size; above it they stand as references. */
export const INLINE_BYTES = 192 * 1024;
export const MAX_GOAL_BYTES = 64 * 1024;

const envelope = z.object({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  type: z.enum(EVENT_TYPES as [EventType, ...EventType[]]),
  version: z.literal(1),
  run: token,
  rev: z.int().min(0).optional(),
  step: token.optional(),
  attempt: z.int().min(1).optional(),
  causationId: z.string().max(64),
  correlationId: z.string().min(1).max(200),
  time,
  data: z.unknown(),
});

/** A message of the log as the broker gives it: nothing in it is trusted yet. */
export type RawMessage = {
  subject: string;
  seq: number;
  storedAtMs: number;
  headers: HeaderValues;
  bytes: Uint8Array;
};

/** An event ready to be published. */
export type EncodedEvent = {
  id: string;
  subject: string;
  bytes: Uint8Array;
  headers: Record<string, string>;
};

/** The id of an event: derived from where it stands and what caused it, so writing it twice is writing it once. */
export function eventId(subject: string, causationId: string): string {
  return sha256(`${subject}|${causationId}`).slice(0, 32);
}

/**
 * Makes a message of an event. @param madeAt when it was made (RFC 3339); no decision ever reads it.
 * @throws GenesisError `E_TOO_LARGE` over 256 KiB, `E_ID` for a token that may not stand in a subject
 */
export function encode(
  subjects: Subjects,
  event: NewEvent,
  correlationId: string,
  madeAt: string,
): EncodedEvent {
  const { type, run, rev, step, attempt, tokens, causationId, data } = event;
  const subject = subjects.fact(type, run, ...tokens);
  const id = eventId(subject, causationId);
  const body = {
    id,
    type,
    version: 1,
    run,
    rev,
    step,
    attempt,
    causationId,
    correlationId,
    time: madeAt,
    data,
  };
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  if (bytes.length > MAX_FACT_BYTES)
    throw new GenesisError("E_TOO_LARGE", [{ path: type, rule: `at most ${MAX_FACT_BYTES} bytes` }]);
  const headers = {
    [HEADER.messageId]: id,
    [HEADER.correlationId]: correlationId,
    [HEADER.causationId]: causationId,
    [HEADER.contentType]: "application/json",
  };
  return { id, subject, bytes, headers };
}

/**
 * Reads a message of the log: size, headers, JSON, version, envelope, data, and that subject and envelope agree.
 * @throws GenesisError with the code under which the message belongs into the dead letters
 */
export function decode(subjects: Subjects, raw: RawMessage): StoredEvent {
  if (raw.bytes.length > MAX_FACT_BYTES)
    throw new GenesisError("E_TOO_LARGE", [{ path: "", rule: `at most ${MAX_FACT_BYTES} bytes` }]);
  checkHeaders(raw.headers);
  const { type, run, rest } = subjects.parse(raw.subject);
  const body = parseJson(raw.bytes, MAX_FACT_DEPTH);
  refuseOtherVersion(body);
  const read = validate(envelope, body);
  if (read.type !== type || read.run !== run)
    throw new GenesisError("E_SCHEMA", [{ path: "type, run", rule: "as in the subject" }]);
  checkTokens(read, EVENTS[type].tokens, rest);
  const data = validate(EVENTS[type].data, read.data, "data");
  const traceparent = headerOf(raw.headers, HEADER.traceparent);
  const tracestate = headerOf(raw.headers, HEADER.tracestate);
  return {
    ...read,
    data,
    subject: raw.subject,
    seq: raw.seq,
    storedAtMs: raw.storedAtMs,
    // A copy: what came over the wire is a piece of something larger, which would be kept with it. The slice of a Buffer is none.
    ...(type === "step.completed" && { raw: new Uint8Array(raw.bytes) }),
    ...(traceparent !== undefined && { traceparent }),
    ...(tracestate !== undefined && { tracestate }),
  } as StoredEvent;
}

function refuseOtherVersion(body: unknown): void {
  const version = typeof body === "object" && body !== null && "version" in body ? body.version : undefined;
  if (typeof version === "number" && version !== 1)
    throw new GenesisError("E_VERSION", [{ path: "version", rule: "1" }]);
}

/** `rev`, `step` and `attempt` of the envelope must say what the subject says. */
function checkTokens(
  read: { rev?: number | undefined; step?: string | undefined; attempt?: number | undefined },
  names: readonly string[],
  rest: string[],
): void {
  for (const name of ["rev", "step", "attempt"] as const) {
    const at = names.indexOf(name);
    const isWrong = at === -1 ? false : String(read[name]) !== rest[at];
    if (isWrong) throw new GenesisError("E_SCHEMA", [{ path: name, rule: "as in the subject" }]);
  }
}
