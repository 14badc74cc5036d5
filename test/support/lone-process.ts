import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { eventually } from "./eventually.ts";

/** A program that a test starts, kills and starts again. */
export type LoneProcess = {
  /** Waits until `url` answers. `why` is what is thrown where it ends before that. */
  started: (child: ChildProcess, url: string, why: () => string) => Promise<void>;
  /** `kill -9`, where it runs. */
  kill: () => Promise<void>;
};

const READY_WITHIN_MS = 60_000;

/** Keeps an eye on the one process of a program that runs at a time. */
export function loneProcess(): LoneProcess {
  let current: ChildProcess | undefined;
  return {
    started: async (child, url, why) => {
      current = child;
      await eventually(async () => {
        if (child.exitCode !== null) throw new Error(why());
        return (await fetch(url).catch(() => undefined))?.ok;
      }, READY_WITHIN_MS);
    },
    kill: async () => {
      if (current === undefined || current.exitCode !== null || current.signalCode !== null) return;
      const gone = once(current, "exit");
      current.kill("SIGKILL");
      await gone;
    },
  };
}
