import type { StoredEvent } from "../contract/events.ts";
import { currentTraceparent } from "../telemetry/messaging.ts";
import type { Bus } from "./connect.ts";
import { readBatch, type StoredMessage } from "./direct-get.ts";
import { publish } from "./publish.ts";

const HELD = "held";
const RELEASED = "released";
/** The most subjects that the broker lists at once. */
const MAX_LISTED = 1024;

type Attempt = Pick<StoredEvent<"step.dispatched">, "run" | "step" | "attempt">;

/** What is known of the deliveries of an attempt before this one. */
export type Earlier = {
  /** How many processes had it and neither finished it nor gave it back: they died. */
  deaths: number;
  /** The contexts (`traceparent`) of the spans of those that gave it back. Whoever died left no span. */
  givenBack: string[];
};

/**
 * Reads the claims of the deliveries before this one. The broker counts alike what a process gave back, what it forgot
 * itself and what a process died over; a claim that stays open tells the last apart. Never throws: where the claims
 * cannot be read there are none.
 */
export async function earlierClaims(
  { requests, subjects, names }: Bus,
  { run, step = "", attempt = 1 }: Attempt,
  deliveryCount: number,
): Promise<Earlier> {
  if (deliveryCount === 1) return { deaths: 0, givenBack: [] };
  const query = { multi_last: [subjects.claims(run, step, attempt)], batch: MAX_LISTED };
  const page = await readBatch(requests, names.claims, query).catch(() => undefined);
  const own = subjects.claim(run, step, attempt, deliveryCount);
  const claims = page?.messages.filter(({ subject }) => subject !== own) ?? [];
  return {
    deaths: claims.filter(isOpen).length,
    givenBack: claims
      .filter((message) => !isOpen(message))
      .flatMap(({ headers }) => headers.get("traceparent") ?? []),
  };
}

function isOpen({ bytes }: StoredMessage): boolean {
  return Buffer.from(bytes).toString() === HELD;
}

/** How to say that this process is done with an attempt. */
export type Release = (how: "finished" | "given back") => Promise<void>;

/**
 * Claims an attempt for one of its deliveries, and returns how to say that this process is done with it. The first
 * delivery makes no claim, since that would cost every step a write: so a death over it goes uncounted. What it gives
 * back it says, so that the trace leads there. Neither throws: an attempt whose claim cannot be stored is done without.
 */
export async function claim(
  { requests, subjects }: Bus,
  { run, step = "", attempt = 1 }: Attempt,
  deliveryCount: number,
): Promise<Release> {
  const isFirst = deliveryCount === 1;
  const subject = subjects.claim(run, step, attempt, deliveryCount);
  const traceparent = currentTraceparent();
  const headers = traceparent === undefined ? {} : { traceparent };
  const mark = async (bytes: string): Promise<void> => {
    await publish(requests, { subject, bytes, headers });
  };
  if (!isFirst) await mark(HELD);
  return async (how) => {
    if (!isFirst || how === "given back") await mark(RELEASED);
  };
}
