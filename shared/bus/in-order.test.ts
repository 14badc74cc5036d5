import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { inOrder } from "./in-order.ts";

test("whatever comes, tasks of one key run in order and alone, and never too many at a time", async () => {
  const task = fc.record({ key: fc.constantFrom("a", "b", "c", "d"), hops: fc.nat(3) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(task, { maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      async (tasks, atMost) => {
        const turns = inOrder(atMost);
        const running = new Map<string, number>();
        const done: number[] = [];
        for (const [i, { key, hops }] of tasks.entries()) {
          turns.submit(key, async () => {
            running.set(key, (running.get(key) ?? 0) + 1);
            assert.equal(running.get(key), 1);
            assert.ok([...running.values()].reduce((sum, n) => sum + n, 0) <= atMost);
            for (let hop = 0; hop < hops; hop++) await Promise.resolve();
            running.set(key, 0);
            done.push(i);
          });
        }
        await turns.idle();
        assert.equal(done.length, tasks.length);
        for (const key of new Set(tasks.map((one) => one.key))) {
          const order = done.filter((i) => tasks[i]?.key === key);
          assert.deepEqual(
            order,
            order.toSorted((a, b) => a - b),
          );
        }
      },
    ),
  );
});

test("a key that is busy keeps nobody else waiting", async () => {
  const turns = inOrder(2);
  const order: string[] = [];
  let open: (() => void) | undefined;
  turns.submit("busy", () => new Promise((resolve) => (open = resolve)));
  turns.submit("busy", async () => void order.push("busy"));
  turns.submit("busy", async () => void order.push("busy"));
  turns.submit("free", async () => void order.push("free"));
  await new Promise(setImmediate);
  assert.deepEqual(order, ["free"]);
  open?.();
  await turns.idle();
  assert.deepEqual(order, ["free", "busy", "busy"]);
});

test("it is idle when nothing was ever asked", async () => {
  await inOrder(1).idle();
});
