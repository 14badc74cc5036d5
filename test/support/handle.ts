import type { StoredEvent } from "../../shared/contract/events.ts";
import { foldRun } from "../../shared/domain/run.ts";
import { next, type Trigger } from "../../services/execution/next.ts";
import type { ModelLog } from "./model-log.ts";

/** Handles a trigger as the stage runner does: decide, append, fold on, until nothing is left to append. */
export function handle(
  log: ModelLog,
  trigger: Trigger,
  crashAfter = Infinity,
): { wrote: StoredEvent[]; timers: Map<string, number> } {
  const wrote: StoredEvent[] = [];
  const timers = new Map<string, number>();
  for (let round = 0; round < 1000; round++) {
    const { append, timers: set } = next(foldRun(log.history()), trigger);
    for (const { timer, atMs } of set) timers.set(JSON.stringify(timer), atMs);
    if (append.length === 0) return { wrote, timers };
    for (const one of append) {
      if (wrote.length >= crashAfter) return { wrote, timers };
      const expect = typeof one.expect === "object" ? { runAt: log.history().lastSeq } : one.expect;
      const appended = log.append({ event: one.event, expect });
      if (appended.kind === "stored") wrote.push(appended.event);
    }
  }
  throw new Error("does not settle");
}
