import assert from "node:assert/strict";
import { test } from "node:test";
import { lanes } from "./lanes.ts";

test("the highest lane that has a task goes first, and tasks of a lane in order", async () => {
  const desk = lanes(1);
  const order: string[] = [];
  let open: (() => void) | undefined;
  desk.submit("low", () => new Promise((resolve) => (open = resolve)));
  for (const [lane, name] of [
    ["low", "l1"],
    ["normal", "n1"],
    ["high", "h1"],
    ["normal", "n2"],
    ["high", "h2"],
  ] as const)
    desk.submit(lane, async () => void order.push(name));
  assert.deepEqual(order, []);
  open?.();
  await desk.idle();
  assert.deepEqual(order, ["h1", "h2", "n1", "n2", "l1"]);
});

test("no more run at a time than may, and no fewer", async () => {
  const desk = lanes(3);
  let running = 0;
  let most = 0;
  for (let i = 0; i < 10; i++)
    desk.submit("normal", async () => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
    });
  await desk.idle();
  assert.equal(most, 3);
});
