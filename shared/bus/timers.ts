import type { SetTimer } from "../contract/decider.ts";
import { HEADER } from "../contract/headers.ts";
import { publishSpan } from "../telemetry/messaging.ts";
import { backOff } from "./backoff.ts";
import type { Bus } from "./connect.ts";
import { publish, storageError } from "./publish.ts";

const TRIES = 5;

/**
 * Sets a wake-up. A timer is named by its subject and its time comes from the log, so setting it twice sets one
 * timer: a `Nats-Msg-Id` would make the broker drop the second one even after the first has fired. @throws
 * GenesisError `E_STORAGE`
 */
export async function setTimer(bus: Bus, { timer, atMs }: SetTimer, correlationId: string): Promise<void> {
  const { subjects, names, requests } = bus;
  const subject = subjects.timerSet(timer);
  const { run, step, attempt } = timer;
  const aheadMs = Math.max(0, atMs - Date.now());
  const bytes = JSON.stringify({ aheadMs });
  const about = { template: subjects.template(subject), stream: names.timers, messageId: undefined };
  const published = { ...about, bytes: bytes.length, correlationId, run, step, attempt };
  await publishSpan(published, async (trace) => {
    const headers = {
      ...trace,
      [HEADER.correlationId]: correlationId,
      "Nats-Schedule": `@at ${new Date(atMs).toISOString()}`,
      "Nats-Schedule-Target": subjects.timerFired(timer),
    };
    for (let tries = 0; tries < TRIES; tries++) {
      if (tries > 0) await backOff(tries);
      const answer = await publish(requests, { subject, bytes, headers });
      if (answer.kind === "stored") return;
    }
    throw storageError("stores the timer");
  });
}

/**
 * Drops the wake-ups of a run that is over: each of them would be stored, delivered and looked up only to be found too
 * late. Nothing is lost where it fails; never throws.
 */
export async function clearTimers({ requests, subjects, names }: Bus, run: string): Promise<void> {
  const subject = `$JS.API.STREAM.PURGE.${names.timers}`;
  const payload = JSON.stringify({ filter: subjects.timersOf(run) });
  await requests.one({ subject, payload }).catch(() => {});
}
