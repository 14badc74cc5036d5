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
  let seen = 0;
  const { events, unreadable } = await bus.log.history(run);
  for (const fact of inOrder(events, unreadable)) {
    seen = fact.seq;
    yield fact;
    if (isEnd(fact)) return;
  }
  for await (const fact of factsFrom(bus, run, lastSeq + 1)) {
    if (fact.seq <= seen) continue;
    yield fact;
    if (isEnd(fact)) return;
  }
}

function isEnd(fact: Fact): boolean {
  return fact.type === "run.finished";
}

async function* factsFrom({ js, names, subjects }: Bus, run: string, fromSeq: number): AsyncGenerator<Fact> {
  const consumer = await js.consumers.get(names.log, {
    filter_subjects: [subjects.history(run)],
    deliver_policy: "by_start_sequence",
    opt_start_seq: fromSeq,
    inactive_threshold: FORGET_AFTER_MS,
  });
  const messages = await consumer.consume({ expires: EXPIRES_MS, idle_heartbeat: HEARTBEAT_MS });
  try {
    for await (const message of messages) {
      const { event, unreadable } = factOf(subjects, deliveryOf(message));
      if (event !== undefined) yield event;
      else if (unreadable !== undefined) yield unreadable;
    }
  } finally {
    await messages.close();
  }
}
