import { LANES, type Lane } from "../contract/subjects.ts";

/** Runs tasks, at most some at a time, those of a higher lane first. */
export type Lanes = {
  /** Runs a task when there is room and no higher lane has one that waits. It must not throw. */
  submit: (lane: Lane, task: () => Promise<void>) => void;
  /** Resolves as soon as no task runs or waits. */
  idle: () => Promise<void>;
};

export function lanes(atMost: number): Lanes {
  const waiting: Record<Lane, (() => Promise<void>)[]> = { high: [], normal: [], low: [] };
  const onIdle: (() => void)[] = [];
  let running = 0;

  const next = () =>
    LANES.map((lane) => waiting[lane])
      .find((tasks) => tasks.length > 0)
      ?.shift();

  const pump = (): void => {
    const task = running < atMost ? next() : undefined;
    if (task !== undefined) void run(task);
    else if (running === 0) for (const resolve of onIdle.splice(0)) resolve();
  };

  const run = async (task: () => Promise<void>): Promise<void> => {
    running++;
    await task();
    running--;
    pump();
  };

  return {
    submit: (lane, task) => {
      waiting[lane].push(task);
      pump();
    },
    idle: () => (running === 0 ? Promise.resolve() : new Promise((resolve) => onIdle.push(resolve))),
  };
}
