import type { Log } from "../../shared/bus/log.ts";
import { ADMIT_BELOW } from "../../shared/contract/streams.ts";

const LOOK_EVERY_MS = 1000;

/**
 * Whether the log has room for new runs: below 80 % of its size. The broker is asked when a task comes in and the last look
 * is more than a second old, so an idle gateway asks nothing.
 */
export function roomOf(log: Pick<Log, "info">): () => Promise<boolean> {
  let looked = Number.NEGATIVE_INFINITY;
  let look: Promise<boolean> = Promise.resolve(true);
  return () => {
    const now = performance.now();
    if (now - looked >= LOOK_EVERY_MS) {
      looked = now;
      look = log.info().then(({ bytes, maxBytes }) => maxBytes <= 0 || bytes < ADMIT_BELOW * maxBytes);
      // A look that failed says nothing; the next task looks again.
      look.catch(() => (looked = Number.NEGATIVE_INFINITY));
    }
    return look;
  };
}
