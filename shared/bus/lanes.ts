import { LANES, type Lane } from "../contract/subjects.ts";
import type { Pull, PullEnd } from "./pull.ts";

/** How much is done at a time, and where it comes from. */
export type LanesSpec = {
  /** How many tasks run at a time. */
  places: number;
  /** Asks for at most so many tasks of a lane. Whoever is given one calls `start`. */
  ask: (lane: Lane, batch: number, onEnd: (end: PullEnd) => void) => Pull;
};

/**
 * Places for tasks, which are only asked for when there is room: what waits, waits where everybody who has room can get
 * it.
 */
export type Lanes = {
  /** Asks for tasks from now on, those of a higher lane first. */
  open: () => void;
  /** Asks for no more. */
  close: () => void;
  /** Runs a task, which must not throw. False when there is no room for it. */
  start: (task: () => Promise<void>) => boolean;
  /** Resolves as soon as no task runs. */
  idle: () => Promise<void>;
};

const ASK_AGAIN_MS = 1000;

/** Opens places for tasks that come in lanes. Nothing is asked for until `open`. */
export function lanes({ places, ask }: LanesSpec): Lanes {
  const asked: Record<Lane, Set<Pull>> = { high: new Set(), normal: new Set(), low: new Set() };
  const lost = new Set<Lane>();
  const onIdle: (() => void)[] = [];
  let isOpen = false;
  let isAsking = false;
  let running = 0;

  const room = () => (isOpen ? places - running : 0);
  const mayCome = (lane: Lane) => [...asked[lane]].reduce((sum, { left }) => sum + left(), 0);
  /** Asked again at half, so that with many places not every task costs a request. */
  const isShort = (lane: Lane) => !lost.has(lane) && mayCome(lane) < room() / 2;

  const takeBack = (): void => {
    for (const pulls of Object.values(asked)) {
      for (const { cancel } of pulls) cancel();
      pulls.clear();
    }
  };

  const askFor = (lane: Lane): Pull => {
    const onEnd = (end: PullEnd): void => {
      asked[lane].delete(asking);
      ended(lane, end);
    };
    const asking = ask(lane, room() - mayCome(lane), onEnd);
    asked[lane].add(asking);
    return asking;
  };

  const ended = (lane: Lane, end: PullEnd): void => {
    if (end !== "lost") return void askAll();
    const askAgain = (): void => {
      lost.delete(lane);
      void askAll();
    };
    lost.add(lane);
    setTimeout(askAgain, ASK_AGAIN_MS).unref();
  };

  /** While there is room every lane is asked, and a lower one only after those above had the time to fill it. */
  const askAll = async (): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    for (let lane = LANES.find(isShort); lane !== undefined; lane = LANES.find(isShort)) {
      await askFor(lane).answered;
    }
    isAsking = false;
  };

  const run = async (task: () => Promise<void>): Promise<void> => {
    await task();
    running--;
    if (running === 0) for (const resolve of onIdle.splice(0)) resolve();
    await askAll();
  };

  return {
    open: () => {
      isOpen = true;
      void askAll();
    },
    close: () => {
      isOpen = false;
      takeBack();
    },
    start: (task) => {
      if (room() === 0) return false;
      running++;
      if (room() === 0) takeBack();
      void run(task);
      return true;
    },
    idle: () => (running === 0 ? Promise.resolve() : new Promise((resolve) => onIdle.push(resolve))),
  };
}
