import { GenesisError } from "../contract/errors.ts";
import { outputRef, type StoredEvent } from "../contract/events.ts";
import { sha256 } from "../contract/plan-hash.ts";
import type { Bus } from "./connect.ts";
import { eventOf } from "./fact.ts";

/**
 * The outputs that a step was given, references replaced by what they name. Only the result of the step under whose
 * name it stands can be a reference: whatever else looks like one is an output that happens to look so, and is left
 * alone. @throws GenesisError `E_SCHEMA` when the stored message is not the one that was meant, `E_STORAGE` when it
 * cannot be read
 */
export async function resolveResults(
  bus: Bus,
  event: StoredEvent<"step.dispatched">,
): Promise<Record<string, unknown>> {
  const entries = Object.entries(event.data.results).map(async ([step, result]) => {
    const subject = bus.subjects.fact("step.completed", event.run, step);
    const isReference = outputRef.safeParse(result).data?.$ref === subject;
    return [step, isReference ? await outputAt(bus, subject, outputRef.parse(result)) : result] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function outputAt(
  { log, subjects }: Bus,
  subject: string,
  meant: { bytes: number; sha256: string },
): Promise<unknown> {
  const stored = await log.readStored(subject);
  if (stored?.bytes.length !== meant.bytes || sha256(stored.bytes) !== meant.sha256)
    throw new GenesisError("E_SCHEMA", [{ path: "results", rule: "the stored message that was meant" }]);
  const event = eventOf(subjects, stored) as StoredEvent<"step.completed">;
  return event.data.output;
}
