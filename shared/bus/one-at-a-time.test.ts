import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { test } from "node:test";
import { oneAtATime } from "./one-at-a-time.ts";

const never = new AbortController().signal;

test("the next one is let in when the one before has left", async () => {
  const enter = oneAtATime();
  const order: string[] = [];
  const leaveFirst = await enter(never);
  const second = enter(never).then((leave) => (order.push("second"), leave));
  await setImmediate();
  order.push("first leaves");
  leaveFirst();
  (await second)();
  assert.deepEqual(order, ["first leaves", "second"]);
});

test("who gives up waiting does not let those behind it in too early", async () => {
  const enter = oneAtATime();
  const leaveFirst = await enter(never);
  const impatient = new AbortController();
  const second = enter(impatient.signal);
  let isIn = false;
  const third = enter(never).then(() => (isIn = true));
  impatient.abort();
  (await second)();
  await setImmediate();
  assert.equal(isIn, false);
  leaveFirst();
  await third;
});
