/** Runs tasks: many at a time, those of one key one after another. */
export type InOrder = {
  /** Runs a task when its turn comes. It must not throw. */
  submit: (key: string, task: () => Promise<void>) => void;
  /** Resolves as soon as no task runs or waits. */
  idle: () => Promise<void>;
};

/**
 * @param atMost how many tasks run at a time. One that waits for another of its key takes no place
 */
export function inOrder(atMost: number): InOrder {
  /** Keys at work, with the tasks that wait behind them. */
  const behind = new Map<string, (() => Promise<void>)[]>();
  const ready: { key: string; task: () => Promise<void> }[] = [];
  const onIdle: (() => void)[] = [];
  let running = 0;

  const run = async (key: string, task: () => Promise<void>): Promise<void> => {
    running++;
    await task();
    running--;
    const next = behind.get(key)?.shift();
    if (next === undefined) behind.delete(key);
    else ready.push({ key, task: next });
    pump();
  };

  const pump = (): void => {
    for (const { key, task } of ready.splice(0, atMost - running)) void run(key, task);
    if (running === 0) for (const resolve of onIdle.splice(0)) resolve();
  };

  return {
    submit: (key, task) => {
      const waiting = behind.get(key);
      if (waiting !== undefined) {
        waiting.push(task);
        return;
      }
      behind.set(key, []);
      ready.push({ key, task });
      pump();
    },
    idle: () =>
      running === 0 && ready.length === 0
        ? Promise.resolve()
        : new Promise((resolve) => onIdle.push(resolve)),
  };
}
