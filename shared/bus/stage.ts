import type { Decision, History, Part, Unreadable } from "../contract/decider.ts";
import { asGenesisError, type GenesisError } from "../contract/errors.ts";
import type { EventType, NewEvent, StoredEvent } from "../contract/events.ts";
import { STAGE_READS } from "../contract/streams.ts";
import { nowMs } from "../telemetry/clock.ts";
import { processSpan } from "../telemetry/messaging.ts";
import type { Observation } from "../telemetry/names.ts";
import { part } from "../telemetry/parts.ts";
import { carryOut } from "./carry-out.ts";
import type { BusContext, Work } from "./context.ts";
import { storeDeadLetter } from "./dead-letters.ts";
import type { Delivery } from "./delivery.ts";
import type { StoredMessage } from "./direct-get.ts";
import { eventOf, unreadableOf } from "./fact.ts";
import { processedEvent, processedOf } from "./processed.ts";
import { receive } from "./receive.ts";
import { answerRedrives } from "./redrive.ts";

/** A stage of the relay: what it reads, and what it makes of it. */
export type Stage<T extends EventType> = {
  /** Its durable consumer. */
  durable: string;
  /** What it handles. Other facts that its consumer hands over only matter when they are unreadable. */
  reads: readonly T[];
  /** `run`: decides from all that the log holds of the run; `event`: from the event alone, which saves reading. */
  from: "run" | "event";
  /** Makes the decision; pure. What it throws is settled as a failure, see `settleFailure`. */
  decide: (event: StoredEvent<T>, history: History, part: Part) => Decision;
  /** Decides what follows from an unreadable fact, where that means something to this stage. */
  decideUnreadable?: (fact: Unreadable, history: History) => Decision;
  /** Whether it decides again after its facts are stored, until there is nothing left to append. */
  isRepeated?: boolean;
  /**
   * What is told of an event that was handled; pure. `written` are the facts that stand because of it and did not
   * before.
   */
  observe?: NoInfer<(event: StoredEvent<T>, written: readonly NewEvent[], history: History) => Observation>;
  /** The same of an unreadable fact. */
  observeUnreadable?: (fact: Unreadable, written: readonly NewEvent[], history: History) => Observation;
};

/** How many messages are asked for at a time. */
const BATCH = 64;

/**
 * Runs a stage: pull, decode, load the run, decide, append each fact, wait for the broker's word, observe,
 * acknowledge; in this order and no other. A message that cannot be read goes to the dead letters; one whose facts
 * cannot be stored comes again.
 */
export async function stage<T extends EventType>(ctx: BusContext, spec: Stage<T>): Promise<Work[]> {
  const handling = (delivery: Delivery) => handle(ctx, spec, delivery);
  const source = { stream: "log", durable: spec.durable, batch: BATCH } as const;
  const { subjects } = ctx.bus;
  // Where a subject names no run, nothing has to wait for anything but its like.
  const keyOf = ({ subject }: StoredMessage) => subjects.runOf(subject) ?? "";
  const { work, inTurn } = await receive(ctx, { source, keyOf, handle: handling });
  const durableOf = ({ subject }: StoredMessage) =>
    spec.reads.includes(subjects.typeOf(subject) as T) ? spec.durable : undefined;
  return [work, answerRedrives(ctx, { stream: "log", durableOf, handle: inTurn })];
}

async function handle<T extends EventType>(
  ctx: BusContext,
  spec: Stage<T>,
  delivery: Delivery,
): Promise<void> {
  const takenMs = nowMs();
  let event: StoredEvent;
  try {
    event = eventOf(ctx.bus.subjects, delivery);
  } catch (error) {
    return handleUnreadable(ctx, spec, { delivery, error: asGenesisError(error) });
  }
  if (isRead(spec, event)) await handleEvent(ctx, spec, { delivery, event, takenMs });
  delivery.ack();
}

function isRead<T extends EventType>(
  { reads }: Stage<T>,
  event: StoredEvent,
): event is StoredEvent<T> & StoredEvent {
  return reads.includes(event.type as T);
}

async function handleEvent<T extends EventType>(
  { bus }: BusContext,
  spec: Stage<T>,
  { delivery, event, takenMs }: { delivery: Delivery; event: StoredEvent<T> & StoredEvent; takenMs: number },
): Promise<void> {
  const { run, seq } = event;
  const runs = spec.from === "run" ? bus.runs : undefined;
  const history = runs
    ? await runs.upTo({ run, seq, event, bytes: delivery.bytes.length })
    : { run, events: [event], unreadable: [], lastSeq: seq };
  const [task] = history.events;
  // A run that has not begun: what stands under its id is ignored.
  if (task === undefined) return;
  await processSpan(processedEvent(bus, delivery, { event, task, takenMs }), async () => {
    await carryOut(bus, {
      decide: (known) => spec.decide(event, known, part),
      history,
      runs,
      isRepeated: spec.isRepeated === true,
      correlationId: task.correlationId,
      observe: (written) => spec.observe?.(event, written, history) ?? {},
    });
  });
}

async function handleUnreadable<T extends EventType>(
  ctx: BusContext,
  spec: Stage<T>,
  { delivery, error }: { delivery: Delivery; error: GenesisError },
): Promise<void> {
  const { bus } = ctx;
  const fact = unreadableOf(bus.subjects, delivery, error);
  const isOurs = isOwner(spec, bus.subjects.typeOf(delivery.subject));
  await processSpan({ ...processedOf(bus, delivery), run: fact?.run }, async () => {
    if (isOurs) await storeDeadLetter(ctx, delivery, error);
    if (fact !== undefined) await decideUnreadable(ctx, spec, { fact, bytes: delivery.bytes.length });
  });
  if (isOurs) delivery.term(error.code);
  else delivery.ack();
}

async function decideUnreadable<T extends EventType>(
  { bus }: BusContext,
  { decideUnreadable: decide, observeUnreadable: observe }: Stage<T>,
  { fact, bytes }: { fact: Unreadable; bytes: number },
): Promise<void> {
  if (decide === undefined) return;
  const { runs } = bus;
  const history = await runs.upTo({ run: fact.run, seq: fact.seq, bytes });
  const [task] = history.events;
  if (task === undefined) return;
  const { correlationId } = task;
  await carryOut(bus, {
    decide: (known) => decide(fact, known),
    history,
    runs,
    isRepeated: true,
    correlationId,
    observe: (written) => observe?.(fact, written, history) ?? {},
  });
}

/**
 * Of several stages that read a type, the first one writes its dead letters: an unreadable message is one, not
 * several.
 */
function isOwner<T extends EventType>({ durable }: Stage<T>, type: EventType | undefined): boolean {
  const reads: [string, readonly EventType[]][] = Object.entries(STAGE_READS);
  const readers = reads
    .filter(([, types]) => type !== undefined && types.includes(type))
    .map(([name]) => name);
  return readers.length === 0 || readers[0] === durable || !readers.includes(durable);
}
