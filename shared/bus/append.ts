import { isDeepStrictEqual } from "node:util";
import type { Append } from "../contract/decider.ts";
import { encode, type EncodedEvent } from "../contract/envelope.ts";
import type { NewEvent } from "../contract/events.ts";
import type { Subjects } from "../contract/subjects.ts";
import { logStructured } from "../telemetry/logging.ts";
import type { AtDoor } from "../telemetry/message-attributes.ts";
import { publishSpan, rootPublishSpan } from "../telemetry/messaging.ts";
import { record } from "../telemetry/metrics.ts";
import type { TraceHeaders } from "../telemetry/trace-context.ts";
import { backOff } from "./backoff.ts";
import type { Fact } from "./fact.ts";
import { isStorageError, isWrongSequence, publish, storageError, type Answer } from "./publish.ts";
import type { Requests } from "./requests.ts";

/** What became of a fact that was to be appended. */
export type Outcome =
  /** It stands in the log, with this trace context; `again`: it already did, and not by this process. */
  | { kind: "stored"; seq: number; again: boolean; traceparent: string | undefined }
  /** Another fact stands where it belongs. That one holds. */
  | { kind: "superseded"; by: Fact }
  /** Something was added to the run since the decision: fold it and decide anew. */
  | { kind: "moved" };

export type AppendOptions = {
  correlationId: string;
  /** The fact's message, where it was encoded before. */
  encoded?: EncodedEvent;
  /** When the fact was made, where that was not just now; milliseconds since the epoch. */
  madeAtMs?: number;
  /** The message whose span the published one belongs under, instead of the work at hand. */
  under?: TraceHeaders | undefined;
  /** Begins a trace; the caller's context, if there is one, is linked. */
  root?: AtDoor;
  /** How long to try while it cannot be stored, for whoever is waited for; 15,000 by default. */
  tryForMs?: number;
};

/**
 * Appends a fact as the contract's "Appending" has it: with its expectation, and after any answer but a plain
 * acknowledgement by reading what stands. @throws GenesisError `E_TOO_LARGE`, `E_ID`, and `E_STORAGE` when it stays
 * impossible for `tryForMs`
 */
export type Appender = (append: Append, options: AppendOptions) => Promise<Outcome>;

/** What an appender looks up when a fact was not plainly stored. */
type Reads = {
  read: (subject: string) => Promise<Fact | undefined>;
  readLast: (filters: string[]) => Promise<Fact[]>;
};

/** Where facts go. */
export type Stream = { requests: Requests; name: string; subjects: Subjects };

type Prepared = Append & { message: EncodedEvent };

/**
 * Less than the ack wait, so that a message which cannot be handled is given back before the broker takes it back.
 */
const TRY_FOR_MS = 15_000;

const EXPECTED = "Nats-Expected-Last-Subject-Sequence";
const EXPECTED_OVER = "Nats-Expected-Last-Subject-Sequence-Subject";

/** Appends to a stream, looking up what stands there by `reads`. */
export function appender({ requests, name, subjects }: Stream, { read, readLast }: Reads): Appender {
  const own = ownAppends();

  /** What the log says about a fact that was not plainly stored; undefined: publish it again. */
  const whatStands = async (
    { fact, trace }: { fact: Prepared; trace: Record<string, string> },
    answer: Answer,
  ): Promise<Outcome | undefined> => {
    const by = await read(fact.message.subject);
    if (by !== undefined && !isSame(by, fact)) return { kind: "superseded", by };
    if (by !== undefined) {
      const traceparent = by.event?.traceparent;
      const isOwn = traceparent === trace["traceparent"] || own.take(traceparent);
      return { kind: "stored", seq: by.seq, again: !isOwn, traceparent };
    }
    if (!isWrongSequence(answer) || fact.expect === "subject") return undefined;
    if (fact.expect !== "attempt") return { kind: "moved" };
    const [other] = await readLast([attemptOf(subjects, fact.event)]);
    return other && { kind: "superseded", by: other };
  };

  const tryOnce = async (fact: Prepared, trace: Record<string, string>): Promise<Outcome | undefined> => {
    const { subject, bytes, headers } = fact.message;
    const expected = expectation(subjects, fact);
    const answer = await publish(requests, {
      subject,
      bytes,
      headers: { ...headers, ...trace, ...expected },
    });
    if (answer.kind === "stored")
      return { kind: "stored", seq: answer.seq, again: false, traceparent: trace["traceparent"] };
    return whatStands({ fact, trace }, answer).catch((error: unknown) => {
      // While the broker is away it cannot be asked what stands either.
      if (isStorageError(error)) return undefined;
      throw error;
    });
  };

  const store = async (fact: Prepared, trace: Record<string, string>, tryForMs: number): Promise<Outcome> => {
    const end = performance.now() + tryForMs;
    let tries = 0;
    while (performance.now() < end) {
      const outcome = await tryOnce(fact, trace);
      if (outcome !== undefined) return outcome;
      // A connection that is lost costs the broker nothing, so it is looked at often.
      await backOff(requests.isOpen() ? tries++ : 0, end - performance.now());
    }
    own.keep(trace["traceparent"]);
    throw storageError("stores the fact");
  };

  return async (
    append,
    { correlationId, encoded, madeAtMs = Date.now(), under, root, tryForMs = TRY_FOR_MS },
  ) => {
    const { run, step, attempt } = append.event;
    const message =
      encoded ?? encode(subjects, append.event, correlationId, new Date(madeAtMs).toISOString());
    const template = subjects.template(message.subject);
    const about = { template, stream: name, messageId: message.id, correlationId, run, step, attempt, under };
    const published = { ...about, bytes: message.bytes.length, joins: append.links };
    const send = async (trace: Record<string, string>): Promise<Outcome> => {
      const outcome = await store({ ...append, message }, trace, tryForMs);
      if (outcome.kind === "stored" && !outcome.again) tell(append.event, template, outcome.seq);
      return outcome;
    };
    const outcome = await (root ? rootPublishSpan(published, root, send) : publishSpan(published, send));
    if (outcome.kind === "superseded") record("appendConflicts", { template });
    return outcome;
  };
}

const MAX_KEPT = 1024;

/**
 * The contexts of facts that were given up without the broker's word, and may stand all the same. Each context is that of
 * one publish span, so a fact which carries it is this process's own, and news to whoever tells of it.
 */
function ownAppends() {
  const kept = new Set<string | undefined>();
  return {
    keep: (traceparent: string | undefined): void => {
      kept.add(traceparent);
      if (kept.size > MAX_KEPT) kept.delete(kept.values().next().value);
    },
    /** Whether it is one of them; only once. */
    take: (traceparent: string | undefined): boolean => kept.delete(traceparent),
  };
}

/** What a person follows a run by stands in the log; its steps only where somebody wants to see that much. */
function tell(event: NewEvent, subject: string, seq: number): void {
  const level = event.type.startsWith("step.") ? "debug" : "info";
  const outcome = event.type === "run.finished" ? event.data.outcome : undefined;
  logStructured(level, { event: "appended", subject, seq, outcome }, "a fact was stored");
}

function expectation(subjects: Subjects, { event, expect }: Prepared): Record<string, string> {
  if (expect === "subject") return { [EXPECTED]: "0" };
  if (expect === "attempt") return { [EXPECTED]: "0", [EXPECTED_OVER]: attemptOf(subjects, event) };
  return { [EXPECTED]: String(expect.runAt), [EXPECTED_OVER]: subjects.history(event.run) };
}

/** One attempt goes to one agent, whichever its subject names. */
function attemptOf(subjects: Subjects, { run, step = "", attempt = 0 }: NewEvent): string {
  return subjects.attempt(run, step, attempt);
}

/** Whether the fact that stands is the one that was to be appended: the same cause, and the same data as it is stored. */
function isSame({ event }: Fact, { message }: Prepared): boolean {
  if (event?.id !== message.id) return false;
  // Of what an agent returns JSON may hold something else: null for NaN.
  const own = JSON.parse(new TextDecoder().decode(message.bytes)) as { data: unknown };
  return isDeepStrictEqual(event.data, own.data);
}
