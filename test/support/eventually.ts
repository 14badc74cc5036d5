import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 20;

/** Asks until the answer is neither undefined nor false. @throws Error after the time */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  withinMs = 10_000,
): Promise<Exclude<T, undefined | false>> {
  const until = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    if (performance.now() > until) throw new Error(`not so within ${withinMs} ms: ${ask}`);
    await sleep(POLL_MS);
  }
}
