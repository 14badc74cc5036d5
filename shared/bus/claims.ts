import type { StoredEvent } from "../contract/events.ts";
import type { Bus } from "./connect.ts";
import { readBatch } from "./direct-get.ts";
import { publish } from "./publish.ts";

const HELD = "held";
const RELEASED = "released";
/** The most subjects that the broker lists at once. */
const MAX_LISTED = 1024;

type Attempt = Pick<StoredEvent<"step.dispatched">, "run" | "step" | "attempt">;

/**
 * How many processes had an attempt before and neither finished it nor gave it back: they died. The broker counts alike
 * what a process gave back, what it forgot itself and what a process died over; a claim that stays open tells the last
 * apart. Never throws: where the claims cannot be read there are none.
 */
export async function deathsOver(
  { requests, subjects, names }: Bus,
  { run, step = "", attempt = 1 }: Attempt,
  deliveryCount: number,
): Promise<number> {
  if (deliveryCount === 1) return 0;
  const query = { multi_last: [subjects.claims(run, step, attempt)], batch: MAX_LISTED };
  const page = await readBatch(requests, names.claims, query).catch(() => undefined);
  const own = subjects.claim(run, step, attempt, deliveryCount);
  const open = page?.messages.filter(
    ({ subject, bytes }) => subject !== own && Buffer.from(bytes).toString() === HELD,
  );
  return open?.length ?? 0;
}

/**
 * Claims an attempt for one of its deliveries, and returns how to say that this process is done with it, whatever came
 * of it. The first delivery makes no claim, since that would cost every step a write: so a death over it goes uncounted.
 * Neither throws: an attempt whose claim cannot be stored is done without.
 */
export async function claim(
  { requests, subjects }: Bus,
  { run, step = "", attempt = 1 }: Attempt,
  deliveryCount: number,
): Promise<() => Promise<void>> {
  if (deliveryCount === 1) return async () => {};
  const subject = subjects.claim(run, step, attempt, deliveryCount);
  const mark = async (bytes: string): Promise<void> => {
    await publish(requests, { subject, bytes, headers: {} });
  };
  await mark(HELD);
  return () => mark(RELEASED);
}
