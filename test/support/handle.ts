import type { StoredEvent } from "../../shared/contract/events.ts";
import { foldRun } from "../../shared/domain/run.ts";
import { next, type Trigger } from "../../services/execution/next.ts";
import type { ModelLog } from "./model-log.ts";

export type Handling = {
  /** Stops after this many facts, as a process that dies there. */
  crashAfter?: number;
  /** What others do between the decision and the append of a fact. */
  meanwhile?: () => void;
};

/**
 * Handles a trigger as the stage runner does: decide, append, fold on, until nothing is left to append. Every fact is
 * appended with what its decision expects; a fact that depends on the run is expected right behind the one before it.
 * One that is refused because the run moved on, or because another one stands there, is decided anew.
 */
export function handle(
  log: ModelLog,
  trigger: Trigger,
  { crashAfter = Infinity, meanwhile }: Handling = {},
): { wrote: StoredEvent[]; timers: Map<string, number> } {
  const wrote: StoredEvent[] = [];
  const timers = new Map<string, number>();
  const taken = new Set<string>();
  for (let pass = 0; pass < 1000; pass++) {
    const decided = next(foldRun(log.history()), trigger);
    for (const one of decided) if ("timer" in one) timers.set(JSON.stringify(one.timer), one.atMs);
    const open = decided
      .filter((one) => "event" in one)
      .filter(({ event }) => !taken.has(`${event.type} ${event.tokens.join(" ")}`));
    if (open.length === 0) return { wrote, timers };
    let own: number | undefined;
    for (const one of open) {
      if (wrote.length >= crashAfter) return { wrote, timers };
      meanwhile?.();
      const isAtRun = typeof one.expect === "object";
      const expect = isAtRun && own !== undefined ? { runAt: own } : one.expect;
      const appended = log.append({ ...one, expect });
      if (appended.kind !== "moved") taken.add(`${one.event.type} ${one.event.tokens.join(" ")}`);
      if (appended.kind !== "stored") break;
      wrote.push(appended.event);
      if (isAtRun) own = appended.event.seq;
    }
  }
  throw new Error("does not settle");
}
