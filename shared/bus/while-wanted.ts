import { asGenesisError } from "../contract/errors.ts";
import { backOff } from "./backoff.ts";
import type { Bus } from "./connect.ts";
import { isPassing } from "./settle.ts";

/** Pauses grow up to 1.6 s, so that a step which is told to stop does so before its process has to be gone. */
const LONGEST_PAUSE = 4;

/**
 * Does something for a step, again for as long as the broker does not let it and the step is wanted: a step in hand
 * costs less than one that is given back and comes again. @throws what `action` throws
 */
export async function whileWanted<T>(
  { requests }: Bus,
  wanted: AbortSignal,
  action: () => Promise<T>,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await action();
    } catch (error) {
      if (wanted.aborted || !isPassing(asGenesisError(error))) throw error;
    }
    // A connection that is lost costs the broker nothing, so it is looked at often.
    await backOff(requests.isOpen() ? Math.min(tries, LONGEST_PAUSE) : 0);
  }
}
