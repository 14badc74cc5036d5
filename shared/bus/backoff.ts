import { setTimeout as sleep } from "node:timers/promises";

const BASE_MS = 100;
const MAX_MS = 5000;

/**
 * Waits before try number `attempt` + 1 (counted from 0): a random time up to 100 ms, doubled each time up to 5 s, or up
 * to `atMostMs` where that is less.
 * Full jitter, so that writers who were refused together do not come back together (M. Brooker, "Exponential Backoff
 * And Jitter").
 */
export async function backOff(attempt: number, atMostMs = MAX_MS): Promise<void> {
  await sleep(Math.min(Math.random() * Math.min(MAX_MS, BASE_MS * 2 ** attempt), Math.max(0, atMostMs)));
}
