import assert from "node:assert/strict";
import type { Bus } from "../../shared/bus/connect.ts";
import type { DeadLetter } from "../../shared/bus/dead-letters.ts";
import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";

/** The correlation id of all that `put` stores. */
export const CORRELATION = "corr-1";

/** Stores a fact as its writer would. Returns its sequence. */
export async function put({ log }: Bus, event: NewEvent): Promise<number> {
  const expect = event.type === "step.dispatched" ? "attempt" : "subject";
  const outcome = await log.append({ event, expect }, { correlationId: CORRELATION });
  assert.ok(outcome.kind === "stored");
  return outcome.seq;
}

/** The fact that stands on a subject, where one does and can be read. */
export async function standingOn({ log }: Bus, subject: string): Promise<StoredEvent | undefined> {
  return (await log.read(subject))?.event;
}

/** The dead letters of a run's facts. */
export async function deadLettersOfRun({ jsm, names, subjects }: Bus, run: string): Promise<DeadLetter[]> {
  const { state } = await jsm.streams.info(names.dlq);
  const letters: DeadLetter[] = [];
  for (let seq = 1; seq <= state.last_seq; seq++)
    letters.push((await jsm.direct.getMessage(names.dlq, { seq }))!.json<DeadLetter>());
  return letters.filter(({ subject }) => subjects.runOf(subject) === run);
}
