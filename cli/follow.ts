import type { Bus } from "../shared/bus/connect.ts";
import { deliveryOf } from "../shared/bus/delivery.ts";
import { factOf } from "../shared/bus/fact.ts";
import { inOrder, type Fact } from "./render/event.ts";

/** The consumer of somebody who went away without a word is gone after this time. */
const FORGET_AFTER_MS = 10_000;
/** A broker that was started again knows the consumer no more; two missed heartbeats tell, and a new one is made. */
const HEARTBEAT_MS = 1000;
const EXPIRES_MS = 5000;

/**
 * The facts of a run, those that stand first, then each as it is stored, up to the run's end.
 * What is stored while the history is read comes once: the consumer begins where the log ended before the reading.
 */
export async function* follow(bus: Bus, run: string): AsyncGenerator<Fact> {
  const { lastSeq } = await bus.log.info();
  const history = await bus.log.history(run);
  const standing = inOrder(history.events, history.unreadable);
  if (standing.some(isEnd)) return yield* standing.slice(0, standing.findIndex(isEnd) + 1);
  // From here on the client library makes up for whatever becomes of the broker.
  const messages = await messagesFrom(bus, run, lastSeq + 1);
  try {
    yield* standing;
    for await (const message of messages) {
      const { seq, event, unreadable } = factOf(bus.subjects, deliveryOf(message));
      const fact = event ?? unreadable;
      if (fact === undefined || seq <= history.lastSeq) continue;
      yield fact;
      if (isEnd(fact)) return;
    }
  } finally {
    await messages.close();
  }
}

function isEnd(fact: Fact): boolean {
  return fact.type === "run.finished";
}

async function messagesFrom({ js, names, subjects }: Bus, run: string, fromSeq: number) {
  const consumer = await js.consumers.get(names.log, {
    filter_subjects: [subjects.history(run)],
    deliver_policy: "by_start_sequence",
    opt_start_seq: fromSeq,
    inactive_threshold: FORGET_AFTER_MS,
  });
  return consumer.consume({ expires: EXPIRES_MS, idle_heartbeat: HEARTBEAT_MS });
}
