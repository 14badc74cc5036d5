import type { Append, Decision, History } from "../contract/decider.ts";
import type { NewEvent } from "../contract/events.ts";
import { linkJoined } from "../telemetry/links.ts";
import type { Observation } from "../telemetry/names.ts";
import { applyObservation } from "../telemetry/observation.ts";
import type { TraceHeaders } from "../telemetry/trace-context.ts";
import type { Outcome } from "./append.ts";
import type { Bus } from "./connect.ts";
import { traceOf } from "./processed.ts";
import { storageError } from "./publish.ts";
import type { Runs } from "./runs.ts";
import { clearTimers, setTimer } from "./timers.ts";

/** A decision, and how it is made again when the run has moved on. */
export type Order = {
  decide: (history: History) => Decision;
  /** The history to decide from at first. */
  history: History;
  /** Where to read on; absent for a stage that decides from its event alone. */
  runs: Runs | undefined;
  /** Whether to decide again after appending, until there is nothing left to append. */
  isRepeated: boolean;
  correlationId: string;
  /** What is told of it; pure. `written` are the facts that stand because of it and did not before. */
  observe?: ((written: readonly NewEvent[]) => Observation) | undefined;
};

/**
 * A decision is made again this often at most: each time something else was stored meanwhile, so it ends long before.
 */
const MAX_PASSES = 100;

/**
 * Has a decision made, sets its timers, appends its facts, and when one of them is refused because the run moved on,
 * reads on and has it made anew. A run that has its end is done with. Returns the facts that stand because of it and did
 * not before. They are told whatever happens to the rest: whoever goes on finds them standing, and does not tell them.
 * @throws whatever deciding throws, and GenesisError `E_STORAGE`
 */
export async function carryOut(bus: Bus, order: Order): Promise<NewEvent[]> {
  const written: NewEvent[] = [];
  try {
    await carryOn(bus, order, written);
  } finally {
    applyObservation(() => order.observe?.(written) ?? {});
  }
  return written;
}

async function carryOn(bus: Bus, order: Order, written: NewEvent[]): Promise<void> {
  const { runs, correlationId } = order;
  /** Subjects on which a fact stands by now, ours or another. It holds, so nothing is appended there again. */
  const taken = new Set<string>();
  const isSet = new Set<string>();
  const joined = new Set<string>();
  let { history } = order;
  const end = bus.subjects.fact("run.finished", history.run, "once");
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const decided = order.decide(history);
    const append = decided.filter((one) => "event" in one);
    const timers = decided.filter((one) => "timer" in one);
    const newTimers = timers.filter(({ timer }) => !isSet.has(bus.subjects.timerSet(timer)));
    for (const { timer } of newTimers) isSet.add(bus.subjects.timerSet(timer));
    await Promise.all(newTimers.map((timer) => setTimer(bus, timer, correlationId)));
    const open = append.filter(({ event }) => !taken.has(subjectOf(bus, event)));
    const joins = open.flatMap(({ links = [] }) => links).filter((link) => !joined.has(link));
    for (const link of joins) joined.add(link);
    linkJoined(new Set(joins));
    const result = await appendAll(bus, open, { history, taken, written, correlationId });
    if (taken.has(end)) {
      runs?.forget(history.run);
      // Nobody waits for it: what it does not reach fires, and is found too late.
      void clearTimers(bus, history.run);
      return;
    }
    const isDone = open.length === 0 || (result.isStored && !order.isRepeated);
    if (isDone || runs === undefined) return;
    history = await runs.readOn(history.run, result.lastSeq);
  }
  throw storageError("lets the run come to rest");
}

type Pass = { history: History; taken: Set<string>; written: NewEvent[]; correlationId: string };

/**
 * Appends in order; neighbours that do not depend on the run's last sequence go together. One that does is expected
 * right behind the one before it, if that depended on it too: what this decision added itself is no news to it. Stops
 * at the first refusal, and at what cannot be stored once its neighbours have settled.
 */
async function appendAll(
  bus: Bus,
  appends: readonly Append[],
  { history, taken, written, correlationId }: Pass,
): Promise<{ isStored: boolean; lastSeq: number }> {
  let { lastSeq } = history;
  let own: number | undefined;
  for (const group of groupsOf(appends)) {
    const append = (asked: Append): Promise<Outcome> => {
      const expect = isAtRun(asked) && own !== undefined ? { runAt: own } : asked.expect;
      return bus.log.append({ ...asked, expect }, { correlationId, under: under(asked.event, history) });
    };
    const settled = await Promise.allSettled(group.map(append));
    for (const [i, one] of settled.entries()) {
      if (one.status === "rejected" || one.value.kind === "moved") continue;
      const asked = group[i]!;
      const outcome = one.value;
      taken.add(subjectOf(bus, asked.event));
      lastSeq = Math.max(lastSeq, outcome.kind === "stored" ? outcome.seq : outcome.by.seq);
      if (outcome.kind === "superseded" || outcome.again) continue;
      written.push(asked.event);
      if (isAtRun(asked)) own = outcome.seq;
    }
    const failed = settled.find((one) => one.status === "rejected");
    if (failed) throw failed.reason;
    if (!settled.every(isStored)) return { isStored: false, lastSeq };
  }
  return { isStored: true, lastSeq };
}

function isStored(one: PromiseSettledResult<Outcome>): boolean {
  return one.status === "fulfilled" && one.value.kind === "stored";
}

function isAtRun({ expect }: Append): boolean {
  return typeof expect === "object";
}

function groupsOf(appends: readonly Append[]): Append[][] {
  const groups: Append[][] = [];
  for (const append of appends) {
    const last = groups.at(-1);
    const canJoin = last !== undefined && !isAtRun(append) && !isAtRun(last[0]!);
    if (canJoin) last.push(append);
    else groups.push([append]);
  }
  return groups;
}

function subjectOf({ subjects }: Bus, { type, run, tokens }: NewEvent): string {
  return subjects.fact(type, run, ...tokens);
}

/**
 * A later revision stands under the task, not under the rejection of the one before: the trace gets no deeper with
 * replans.
 */
function under({ type, rev = 0 }: NewEvent, { events }: History): TraceHeaders | undefined {
  const isLaterRevision = type === "plan.decomposed" && rev > 0;
  return isLaterRevision ? traceOf(events.find((event) => event.type === "task.submitted")) : undefined;
}
