import { z } from "zod";
import { parseJson } from "../contract/json.ts";
import { validate } from "../contract/validate.ts";
import type { Bus } from "./connect.ts";

/** The broker's time of day, in milliseconds since the epoch. */
export type BrokerClock = () => number;

const info = z.object({ ts: z.iso.datetime() });
/** What quartz drifts by. */
const DRIFT = 50e-6;
/** It is 30 ms off by then. */
const READ_AGAIN_MS = 600_000;
/** A reading is wrong by half of its round trip at most; over this one it is looked for a better one. */
const SLOW_MS = 50;
const READ_AGAIN_SOON_MS = 5000;
const FIRST_READINGS = 3;

/**
 * Reads the broker's clock, and from then on counts with the monotonic clock: what the broker stored at some time is as
 * old as it says, whatever this machine thinks of the time of day. Until it could be read it is this machine's. The reading
 * with the least possible error holds (Cristian's algorithm), so that a broker which is slow for once does not spoil it.
 */
export async function openBrokerClock({
  requests,
  names,
}: Pick<Bus, "requests" | "names">): Promise<BrokerClock> {
  let zeroMs = Date.now() - performance.now();
  /** Of the reading that holds. */
  let roundTripMs = Number.POSITIVE_INFINITY;
  let readMs = Number.NEGATIVE_INFINITY;
  let dueMs = Number.NEGATIVE_INFINITY;

  /** Returns how long it took, in milliseconds. */
  const read = async (): Promise<number> => {
    const askedMs = performance.now();
    // Also where it fails.
    dueMs = askedMs + READ_AGAIN_SOON_MS;
    const { data } = await requests.one({ subject: `$JS.API.STREAM.INFO.${names.log}`, payload: "" });
    const { ts } = validate(info, parseJson(data));
    const answeredMs = performance.now();
    const tookMs = answeredMs - askedMs;
    const driftMs = (answeredMs - readMs) * DRIFT;
    if (tookMs <= SLOW_MS) dueMs = askedMs + READ_AGAIN_MS;
    // A quick one holds in any case: the machine may have slept, or the broker's clock have been set.
    else if (tookMs > roundTripMs + 2 * driftMs) return tookMs;
    // It was read somewhere between the question and the answer.
    zeroMs = Date.parse(ts) - (askedMs + answeredMs) / 2;
    roundTripMs = tookMs;
    readMs = answeredMs;
    return tookMs;
  };
  const tryToRead = (): Promise<number> => read().catch(() => 0);

  for (let i = 0; i < FIRST_READINGS; i++) if ((await tryToRead()) <= SLOW_MS) break;
  return () => {
    if (performance.now() > dueMs) void tryToRead();
    return zeroMs + performance.now();
  };
}
