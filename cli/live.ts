import { createLogUpdate } from "log-update";
import type { History, Unreadable } from "../shared/contract/decider.ts";
import type { StoredEvent } from "../shared/contract/events.ts";
import { foldRun, type Run } from "../shared/domain/run.ts";
import { factDocument } from "./fact-document.ts";
import { viewNow } from "./load-run.ts";
import type { Output } from "./output.ts";
import { factLine, type Fact } from "./render/event.ts";
import { runLines } from "./render/run.ts";
import { viewOf, type RunView } from "./run-view.ts";

/** How often the times on a terminal move on while nothing happens. */
const TICK_MS = 500;
/** Facts come in bursts; drawing more often than this is only flicker. */
const DRAW_AFTER_MS = 50;

/**
 * Shows a run while it goes on: a tree that is drawn anew on a terminal, a line per fact elsewhere, JSON lines with `--json`.
 * @returns the run as it stood at its end
 */
export async function watchRun(run: string, facts: AsyncIterable<Fact>, output: Output): Promise<RunView> {
  const seen = historyBuilder(run);
  const screen = output.isLive ? openScreen(() => viewOf(seen.run(), Date.now()), output) : undefined;
  try {
    for await (const fact of facts) {
      seen.add(fact);
      if (screen) screen.changed();
      else if (output.json) output.document(factDocument(fact));
      else output.lines([factLine(fact, output.paint)]);
    }
  } finally {
    screen?.close();
  }
  return viewNow(seen.run());
}

/** The facts of a run up to its end, without showing anything. @returns the run as it stood then */
export async function awaitRun(run: string, facts: AsyncIterable<Fact>): Promise<RunView> {
  const seen = historyBuilder(run);
  for await (const fact of facts) seen.add(fact);
  return viewNow(seen.run());
}

function historyBuilder(run: string) {
  const events: StoredEvent[] = [];
  const unreadable: Unreadable[] = [];
  let lastSeq = 0;
  const history = (): History => ({ run, events, unreadable, lastSeq });
  return {
    add(fact: Fact): void {
      lastSeq = fact.seq;
      if ("error" in fact) unreadable.push(fact);
      else events.push(fact);
    },
    run: (): Run => foldRun(history()),
  };
}

function openScreen(view: () => RunView | undefined, output: Output) {
  const draw = createLogUpdate(process.stdout);
  let soon: NodeJS.Timeout | undefined;
  const show = (): void => {
    soon = undefined;
    const now = view();
    if (now !== undefined) draw(runLines(now, output.paint).join("\n"));
  };
  const ticking = setInterval(show, TICK_MS);
  return {
    changed(): void {
      soon ??= setTimeout(show, DRAW_AFTER_MS);
    },
    close(): void {
      clearInterval(ticking);
      clearTimeout(soon);
      draw.clear();
      draw.done();
      // In full: what was drawn over had to fit the terminal, what stays need not.
      const last = view();
      if (last !== undefined) output.lines(runLines(last, output.paint));
    },
  };
}
