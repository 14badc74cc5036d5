import type { StoredEvent } from "../contract/events.ts";
import type { Bus } from "./connect.ts";
import { readBatch } from "./direct-get.ts";
import { publish } from "./publish.ts";

/** That a process has an attempt in hand. */
export type Claim = {
  /** How many processes had the attempt before and neither finished it nor gave it back: they died. */
  deaths: number;
  /** Says that this process is done with the attempt, whatever came of it. Never throws. */
  release: () => Promise<void>;
};

const HELD = "held";
const RELEASED = "released";
/** The most subjects that the broker lists at once. */
const MAX_LISTED = 1024;

/**
 * Claims an attempt for one of its deliveries. The broker counts alike what a process gave back, what it forgot itself
 * and what a process died over; a claim that stays open tells the last apart. The first delivery makes none, since that
 * would cost every step a write: so a death over it goes uncounted. Never throws: an attempt whose claims cannot be
 * read or stored is done as if there were none.
 */
export async function claim(
  bus: Bus,
  { run, step = "", attempt = 1 }: StoredEvent<"step.dispatched">,
  deliveryCount: number,
): Promise<Claim> {
  if (deliveryCount === 1) return { deaths: 0, release: async () => {} };
  const { requests, subjects, names } = bus;
  const subject = subjects.claim(run, step, attempt, deliveryCount);
  const mark = async (bytes: string): Promise<void> => {
    await publish(requests, { subject, bytes, headers: {} });
  };
  const query = { multi_last: [subjects.claims(run, step, attempt)], batch: MAX_LISTED };
  const page = await readBatch(requests, names.claims, query).catch(() => undefined);
  await mark(HELD);
  const open = page?.messages.filter(
    (message) => message.subject !== subject && Buffer.from(message.bytes).toString() === HELD,
  );
  return { deaths: open?.length ?? 0, release: () => mark(RELEASED) };
}
