import { z } from "zod";
import { parseJson } from "../contract/json.ts";
import { validate } from "../contract/validate.ts";
import type { Bus } from "./connect.ts";

/** The broker's time of day, in milliseconds since the epoch. */
export type BrokerClock = () => number;

const info = z.object({ ts: z.iso.datetime() });
/** Quartz that drifts by 50 ppm is 30 ms off by then. */
const READ_AGAIN_MS = 600_000;

/**
 * Reads the broker's clock, and from then on counts with the monotonic clock: what the broker stored at some time is as
 * old as it says, whatever this machine thinks of the time of day. Until it could be read it is this machine's.
 */
export async function openBrokerClock({
  requests,
  names,
}: Pick<Bus, "requests" | "names">): Promise<BrokerClock> {
  let zeroMs = Date.now() - performance.now();
  let readMs = Number.NEGATIVE_INFINITY;

  const read = async (): Promise<void> => {
    const askedMs = performance.now();
    readMs = askedMs;
    const { data } = await requests.one({ subject: `$JS.API.STREAM.INFO.${names.log}`, payload: "" });
    const { ts } = validate(info, parseJson(data));
    // It was read somewhere between the question and the answer.
    zeroMs = Date.parse(ts) - (askedMs + performance.now()) / 2;
  };
  const tryToRead = (): Promise<void> => read().catch(() => {});

  await tryToRead();
  return () => {
    if (performance.now() - readMs > READ_AGAIN_MS) void tryToRead();
    return zeroMs + performance.now();
  };
}
