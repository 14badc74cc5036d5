import { z } from "zod";
import type { Decision, History } from "../contract/decider.ts";
import { parseJson } from "../contract/json.ts";
import type { NewEvent } from "../contract/events.ts";
import type { FiredTimer } from "../contract/subjects.ts";
import { nowMs } from "../telemetry/clock.ts";
import { processSpan } from "../telemetry/messaging.ts";
import type { Observation } from "../telemetry/names.ts";
import { carryOut } from "./carry-out.ts";
import type { BusContext, Work } from "./context.ts";
import type { Delivery } from "./delivery.ts";
import { processedOf } from "./processed.ts";
import { receive } from "./receive.ts";

/** What is done when a timer fires. */
export type TimerStage = {
  /** Its durable consumer. */
  durable: string;
  /** Decides from the run as it is now; pure. Nothing, when the timer is no longer due. */
  decide: (fired: FiredTimer, history: History) => Decision;
  /** What is told of it; pure. `written` are the facts that stand because of it and did not before. */
  observe?: (written: readonly NewEvent[], history: History) => Observation;
};

const BATCH = 64;
/** Work that waited longer than this starts a trace of its own; the run's would be cut or never end. */
const SAME_TRACE_MS = 60_000;

/** Wakes runs whose timers fire: a timer is no fact, so the run is read and decided from as it is. */
export async function timerStage(ctx: BusContext, spec: TimerStage): Promise<Work[]> {
  const { work } = await receive(ctx, {
    source: { stream: "timers", durable: spec.durable, batch: BATCH },
    keyOf: ({ subject }) => ctx.bus.subjects.runOf(subject) ?? "",
    handle: async (delivery) => {
      await wake(ctx, spec, delivery);
      delivery.ack();
    },
  });
  return [work];
}

async function wake({ bus }: BusContext, { decide, observe }: TimerStage, delivery: Delivery): Promise<void> {
  const { runs, subjects, log } = bus;
  const takenMs = nowMs();
  const timer = subjects.parseTimer(delivery.subject);
  // Most timers fire when their step or run is long done: they cost one look, and leave no span behind.
  const end = await log.readStored(subjects.fact("run.finished", timer.run, "once"));
  if (end !== undefined) return;
  const fired = { timer, firedAtMs: delivery.storedAtMs };
  const history = await runs.readOn(timer.run, 0);
  const [task] = history.events;
  if (task === undefined || decide(fired, history).length === 0) return;
  const startsTrace = aheadMsOf(delivery) > SAME_TRACE_MS;
  const { correlationId } = task;
  const message = { ...processedOf(bus, delivery, takenMs), ...timer, correlationId, startsTrace };
  await processSpan(message, async () => {
    await carryOut(bus, {
      decide: (known) => decide(fired, known),
      history,
      runs,
      isRepeated: true,
      correlationId,
      observe: (written) => observe?.(written, history) ?? {},
    });
  });
}

const body = z.object({ aheadMs: z.number() });

/** How long before its time the timer was set, in milliseconds; 0 where it does not say. */
function aheadMsOf({ bytes }: Delivery): number {
  try {
    return body.parse(parseJson(bytes)).aheadMs;
  } catch {
    return 0;
  }
}
