import { isStopped } from "./processes.ts";

/** What is watched: the page that a living process answers, its pid, and for how long it may be silent. */
export type Watched = { url: string; pid: number; silenceMs: number };

/** So many questions in a row remain without an answer before a process counts as silent. */
const QUESTIONS = 6;

/**
 * Asks a process again and again whether it lives, and tells once when it has not answered for the time given. Counted in
 * questions and not by the clock, so that a machine that slept, or an `up` that was stopped itself, condemns nobody; and one that
 * somebody has stopped on purpose, as a debugger does, is not asked. @returns what ends the watching
 */
export function watchSilence({ url, pid, silenceMs }: Watched, tell: () => void): () => void {
  const everyMs = silenceMs / QUESTIONS;
  let unanswered = 0;
  let isOver = false;
  const end = (): void => {
    isOver = true;
    clearInterval(asking);
  };
  const ask = async (): Promise<void> => {
    const answers = await isAnswered(url, everyMs);
    unanswered = answers || isStopped(pid) ? 0 : unanswered + 1;
    if (isOver || unanswered < QUESTIONS) return;
    end();
    tell();
  };
  const asking = setInterval(() => void ask(), everyMs);
  return end;
}

/** Whether it answers at all: what it says is not asked here. */
function isAnswered(url: string, withinMs: number): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(withinMs) }).then(
    async (response) => (await response.body?.cancel(), true),
    () => false,
  );
}
