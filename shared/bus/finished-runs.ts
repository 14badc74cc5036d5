import { setTimeout as sleep } from "node:timers/promises";
import type { Bus } from "./connect.ts";

/** Tells work in hand when its run is over. */
export type FinishedRuns = {
  /** Calls `onFinished` once, when the run has its `run.finished`. Returns how to stop listening. */
  watch: (run: string, onFinished: () => void) => () => void;
  close: () => void;
};

/**
 * When to look for the fact that was announced: the broker hands a message on before it has stored, or refused, it.
 */
const LOOK_AFTER_MS = [0, 20, 100, 500, 2000];

/** Opens the one subscription of a process on the ends of all runs. */
export function watchFinishedRuns({ nc, log, subjects }: Bus): FinishedRuns {
  const watchers = new Map<string, Set<() => void>>();

  const announce = async (run: string): Promise<void> => {
    for (const afterMs of LOOK_AFTER_MS) {
      await sleep(afterMs);
      const fact = await log.read(subjects.fact("run.finished", run, "once")).catch(() => undefined);
      if (!watchers.has(run)) return;
      if (fact === undefined) continue;
      for (const onFinished of watchers.get(run) ?? []) onFinished();
      return;
    }
  };

  const subscription = nc.subscribe(subjects.allOf("run.finished"), {
    callback: (error, message) => {
      const run = error === null ? subjects.runOf(message.subject) : undefined;
      // The announcement may be of a fact that the broker then refuses, so the log has the last word.
      if (run !== undefined && watchers.has(run)) void announce(run);
    },
  });

  return {
    watch: (run, onFinished) => {
      const watching = watchers.get(run) ?? new Set();
      watchers.set(run, watching.add(onFinished));
      return () => {
        watching.delete(onFinished);
        if (watching.size === 0) watchers.delete(run);
      };
    },
    close: () => subscription.unsubscribe(),
  };
}
