import { EVENTS, type EventType } from "../../shared/contract/events.ts";
import { STAGE_READS } from "../../shared/contract/streams.ts";

/** Who has a part in the exchange. `agents` are anybody's, `client` is whoever submits tasks, watches and steers. */
export type Party = "client" | "gateway" | "htdag" | "halo" | "aop" | "execution" | "agents";

/** Who writes a type of fact beside the writer of its row. */
const ALSO_WRITTEN: Partial<Record<EventType, readonly Party[]>> = {
  "step.failed": ["execution"],
  "plan.update": ["agents", "execution"],
};

/** Who is meant by a fact and has no stage to read it. */
const ALSO_READ: Partial<Record<EventType, readonly Party[]>> = {
  "step.dispatched": ["agents"],
  "plan.refused": ["client"],
  "run.finished": ["agents", "client"],
};

/** Who writes a type of fact. */
export function writersOf(type: EventType): readonly Party[] {
  return [EVENTS[type].writer, ...(ALSO_WRITTEN[type] ?? [])];
}

/** Who acts on a type of fact when it comes. Beyond that every stage folds the whole history of a run. */
export function readersOf(type: EventType): readonly Party[] {
  const stages = Object.entries(STAGE_READS).filter(([, reads]) =>
    (reads as readonly string[]).includes(type),
  );
  return [...stages.map(([name]) => name as Party), ...(ALSO_READ[type] ?? [])];
}

/** The subject of a type of fact without its prefix, each token that varies as `write` puts it. */
export function subjectOf(type: EventType, write: (token: string) => string): string {
  const tokens = EVENTS[type].tokens.map((token) => (token === "once" ? token : write(token)));
  return [type, write("run"), ...tokens].join(".");
}
