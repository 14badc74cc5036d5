/** Waits for a turn, or until the signal aborts, and returns how to leave. */
export type Turns = (signal: AbortSignal) => Promise<() => void>;

/** Lets one in after the other, in the order in which they came. */
export function oneAtATime(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return async (signal) => {
    const turn = last;
    const { promise: left, resolve: leave } = Promise.withResolvers<void>();
    last = turn.then(() => left);
    await Promise.race([turn, aborted(signal)]);
    return leave;
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
