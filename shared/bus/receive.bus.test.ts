import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../test/support/eventually.ts";
import { growthOf } from "../../test/support/metrics.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import type { Delivery } from "./delivery.ts";
import { receive } from "./receive.ts";

let cell: TestCell;
before(async () => {
  cell = await startCell();
});
after(() => cell.stop());

const consumer = () => cell.bus.jsm.consumers.info("GENESIS_INBOX", "gateway");
const redeliverAfter = (ms: number) =>
  cell.bus.jsm.consumers.update("GENESIS_INBOX", "gateway", { ack_wait: ms * 1e6 });

beforeEach(() => redeliverAfter(30_000));

/** Takes what comes to the inbox, and holds every message until the test lets it go. */
async function holding() {
  const taken: Delivery[] = [];
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const { work } = await receive(cell.ctx, {
    source: { stream: "inbox", durable: "gateway", batch: 8 },
    keyOf: ({ seq }) => String(seq),
    handle: async (delivery) => {
      taken.push(delivery);
      await held;
      delivery.ack();
    },
  });
  return { taken, release, work };
}

test("what is in hand is not delivered again, however long it takes", async () => {
  await redeliverAfter(1000);
  const { taken, release, work } = await holding();
  await cell.bus.nc.request("genesis.tasks", "{}");
  await sleep(2500);
  assert.equal((await consumer()).num_redelivered, 0);
  release();
  await eventually(async () => (await consumer()).num_ack_pending === 0);
  assert.equal(taken.length, 1);
  await work.drain();
});

test("what is delivered again while it is in hand is one message, and settled as the last of them", async () => {
  const { taken, release, work } = await holding();
  // Told only after the work began, so that nobody says in time that it is still being worked on.
  await redeliverAfter(300);
  const again = await growthOf(`messaging_redelivered_total{consumer="gateway"}`, async () => {
    await cell.bus.nc.request("genesis.tasks", "{}");
    await eventually(async () => (await consumer()).delivered.consumer_seq >= 4);
  });
  assert.ok(again >= 2, `${again} counted`);
  release();
  await eventually(async () => (await consumer()).num_ack_pending === 0);
  await cell.bus.turns.idle();
  assert.equal(taken.length, 1);
  await work.drain();
});
