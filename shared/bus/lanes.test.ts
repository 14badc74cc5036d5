import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { LANES, type Lane } from "../contract/subjects.ts";
import { lanes, type Lanes } from "./lanes.ts";
import type { PullEnd } from "./pull.ts";

type Asked = { lane: Lane; batch: number; left: number; isOver: boolean; onEnd: (end: PullEnd) => void };

/** Lanes with tasks that wait in them, as a broker has them for whoever asks. */
function brokerWith(places: number, run: (task: string) => Promise<void>) {
  const waiting: Record<Lane, string[]> = { high: [], normal: [], low: [] };
  const requests: Asked[] = [];
  const back: string[] = [];

  const serve = async (): Promise<void> => {
    for (const lane of LANES)
      for (const asked of requests) {
        while (asked.lane === lane && !asked.isOver && waiting[lane].length > 0) {
          const task = waiting[lane].shift()!;
          asked.left--;
          if (!desk.start(() => run(task))) back.push(task);
          if (asked.left === 0 && !asked.isOver) {
            asked.isOver = true;
            asked.onEnd("complete");
          }
        }
      }
  };
  const desk: Lanes = lanes({
    places,
    ask: (lane, batch, onEnd) => {
      const asked: Asked = { lane, batch, left: batch, isOver: false, onEnd };
      requests.push(asked);
      const cancel = (): void => void (asked.isOver = true);
      const answered = Promise.resolve().then(serve);
      return { left: () => (asked.isOver ? 0 : asked.left), answered, cancel };
    },
  });
  return { desk, waiting, requests, back, serve, open: () => requests.filter(({ isOver }) => !isOver) };
}

const turn = () => new Promise(setImmediate);

test("the highest lane that has a task goes first, and tasks of a lane in order", async () => {
  const order: string[] = [];
  let go: (() => void) | undefined;
  const { desk, waiting } = brokerWith(1, async (task) => {
    order.push(task);
    if (task === "blocks") await new Promise<void>((resolve) => (go = resolve));
  });
  waiting.low.push("blocks");
  desk.open();
  await turn();
  waiting.low.push("l1");
  waiting.normal.push("n1", "n2");
  waiting.high.push("h1", "h2");
  await turn();
  assert.deepEqual(order, ["blocks"]);
  go?.();
  await turn();
  assert.deepEqual(order, ["blocks", "h1", "h2", "n1", "n2", "l1"]);
});

test("what there is no room for is not asked for, so that others can have it", async () => {
  let go: (() => void) | undefined;
  const { desk, waiting, serve, open, back } = brokerWith(
    1,
    () => new Promise<void>((resolve) => (go = resolve)),
  );
  desk.open();
  await turn();
  assert.deepEqual(
    open().map(({ lane, batch }) => [lane, batch]),
    [
      ["high", 1],
      ["normal", 1],
      ["low", 1],
    ],
  );
  waiting.normal.push("long", "short");
  await serve();
  assert.deepEqual([open(), waiting.normal, back], [[], ["short"], []]);
  go?.();
  await turn();
  assert.deepEqual(waiting.normal, []);
});

test("no more run at a time than may, and no fewer", async () => {
  let running = 0;
  let most = 0;
  const { desk, waiting } = brokerWith(3, async () => {
    most = Math.max(most, ++running);
    await turn();
    running--;
  });
  waiting.normal.push(..."abcdefghij");
  desk.open();
  await turn();
  await desk.idle();
  assert.equal(most, 3);
});

test("with many places a request is made for many tasks", async () => {
  const { desk, waiting, requests, serve } = brokerWith(64, turn);
  desk.open();
  await turn();
  for (let task = 0; task < 320; task++) {
    waiting.normal.push(String(task));
    await serve();
    await turn();
  }
  const asked = requests.filter(({ lane }) => lane === "normal").length;
  assert.ok(asked <= 11, `${asked} requests`);
});

test("what comes when the last place is taken, or after closing, is not begun", async () => {
  const { desk } = brokerWith(1, turn);
  assert.equal(desk.start(turn), false);
  desk.open();
  assert.equal(desk.start(turn), true);
  assert.equal(desk.start(turn), false);
  await desk.idle();
  desk.close();
  assert.equal(desk.start(turn), false);
});

test("a lane that is lost is asked again after a second, and the others meanwhile", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const { desk, requests, open } = brokerWith(2, turn);
  desk.open();
  await turn();
  const [high] = open();
  high!.isOver = true;
  high!.onEnd("lost");
  await turn();
  assert.deepEqual(
    open().map(({ lane }) => lane),
    ["normal", "low"],
  );
  mock.timers.tick(1000);
  await turn();
  assert.equal(requests.at(-1)!.lane, "high");
  desk.close();
  assert.deepEqual(open(), []);
});
