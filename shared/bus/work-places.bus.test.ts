import assert from "node:assert/strict";
import { after, before, beforeEach, mock, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { put as store, standingOn } from "../../test/support/cell-log.ts";
import { eventually } from "../../test/support/eventually.ts";
import { dispatched } from "../../test/support/facts.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import type { NewEvent } from "../contract/events.ts";
import type { StepAtHand } from "./attempt.ts";
import { connect, type Bus } from "./connect.ts";
import type { Work } from "./context.ts";
import type { StepOutcome } from "./result.ts";
import { work } from "./work.ts";

let cell: TestCell;
let works: Work[] = [];
before(async () => {
  cell = await startCell([{ name: "worker", concurrency: 2 }]);
});
after(() => cell.stop(...works));
beforeEach(async () => {
  await Promise.all(works.map(({ drain }) => drain()));
  works = [];
});

const done = (output: unknown): StepOutcome => ({ completed: { output } });

type Where = { bus?: Bus; concurrency?: number };

async function worker(
  run: (step: StepAtHand) => Promise<StepOutcome>,
  { bus = cell.bus, concurrency = 1 }: Where = {},
): Promise<void> {
  const ctx = { ...cell.ctx, bus, name: "agents" };
  works.push(...(await work(ctx, [{ name: "worker", concurrency, run }])));
}

const put = (event: NewEvent) => store(cell.bus, event);
const completedOf = (run: string, step = "s") =>
  standingOn(cell.bus, `genesis.v1.step.completed.${run}.${step}`);
const pendingOf = async () => {
  const { num_ack_pending, num_pending } = await cell.bus.jsm.consumers.info(
    "GENESIS",
    "agent-worker-normal",
  );
  return [num_ack_pending, num_pending];
};

/** Has steps of every lane wait for one place, and returns the order in which they are done once it is free. */
async function orderOf(run: string, beforeFree: () => void): Promise<string[]> {
  const order: string[] = [];
  let open: (() => void) | undefined;
  await worker(async ({ event }) => {
    order.push(event.step ?? "");
    if (event.step === "blocks") await new Promise<void>((resolve) => (open = resolve));
    return done(1);
  });
  await put(dispatched(run, "blocks"));
  await eventually(() => open !== undefined);
  await put(dispatched(run, "low", { lane: "low" }));
  await put(dispatched(run, "normal"));
  await put(dispatched(run, "high", { lane: "high" }));
  await sleep(200);
  assert.deepEqual(order, ["blocks"]);
  beforeFree();
  open?.();
  await eventually(() => order.length === 4);
  return order;
}

test("higher lanes go first, within what the agent does at a time", async () => {
  assert.deepEqual(await orderOf("lanes", () => {}), ["blocks", "high", "normal", "low"]);
});

test("higher lanes go first although the broker is slow to answer who asks for steps", async (t) => {
  const { nc } = cell.bus;
  const publish = nc.publish.bind(nc);
  let stalled = Promise.resolve();
  const order = await orderOf("stalls", () => {
    t.mock.method(nc, "publish", (...message: Parameters<typeof publish>) => {
      if (message[0].includes(".CONSUMER.MSG.NEXT.")) stalled = stalled.then(() => cell.server.stall(60));
      publish(...message);
    });
  });
  await stalled;
  assert.deepEqual(order, ["blocks", "high", "normal", "low"]);
});

test("a step does not wait behind one that takes long while another instance has room", async () => {
  const other = await connect({ url: cell.server.url, prefix: "genesis", name: "other" });
  let release: (() => void) | undefined;
  const run = async ({ event }: StepAtHand): Promise<StepOutcome> => {
    if (event.step === "long") await new Promise<void>((resolve) => (release = resolve));
    return done(1);
  };
  for (const bus of [cell.bus, other]) await worker(run, { bus });
  for (let round = 0; round < 5; round++) {
    await put(dispatched(`spread${round}`, "long", { lane: "high" }));
    await eventually(() => release !== undefined);
    await put(dispatched(`spread${round}`, "short"));
    await eventually(() => completedOf(`spread${round}`, "short"), 3000);
    assert.equal(await completedOf(`spread${round}`, "long"), undefined);
    release?.();
    release = undefined;
    await eventually(() => completedOf(`spread${round}`, "long"));
  }
  await Promise.all(works.map(({ drain }) => drain()));
  works = [];
  await other.close();
});

test("what an instance has no room for stays with the broker", async () => {
  const release: (() => void)[] = [];
  await worker(async () => {
    await new Promise<void>((resolve) => release.push(resolve));
    return done(1);
  });
  for (const run of ["held", "waits"]) await put(dispatched(run, "s"));
  await eventually(() => release.length === 1);
  await sleep(200);
  assert.deepEqual(await pendingOf(), [1, 1]);
  release[0]!();
  await eventually(() => release.length === 2);
  release[1]!();
  await eventually(async () => (await pendingOf()).every((count) => count === 0));
});

test("a step that takes long is kept by a heartbeat at a third of the ack wait, and only as long as it takes", async (t) => {
  const heartbeats: string[] = [];
  const subscription = cell.bus.nc.subscribe("$JS.ACK.GENESIS.agent-worker-normal.>", {
    callback: (_, message) => void heartbeats.push(message.string()),
  });
  t.after(() => subscription.unsubscribe());
  let finish: (() => void) | undefined;
  await worker(async () => {
    await new Promise<void>((resolve) => (finish = resolve));
    return done(1);
  });
  mock.timers.enable({ apis: ["setInterval"] });
  t.after(() => mock.timers.reset());
  await put(dispatched("long", "s"));
  await eventually(() => finish !== undefined);
  mock.timers.tick(9999);
  await cell.bus.nc.flush();
  assert.deepEqual(heartbeats, []);
  mock.timers.tick(1);
  mock.timers.tick(10_000);
  await eventually(() => heartbeats.length === 2);
  finish?.();
  await eventually(() => heartbeats.length === 3);
  mock.timers.tick(10_000);
  await cell.bus.nc.flush();
  assert.deepEqual(heartbeats, ["+WPI", "+WPI", "+ACK"]);
});

test("a step in hand that the broker delivers again is not begun again", async () => {
  await cell.bus.jsm.consumers.update("GENESIS", "agent-worker-low", { ack_wait: 300e6 });
  const infoOf = () => cell.bus.jsm.consumers.info("GENESIS", "agent-worker-low");
  let begun = 0;
  let finish: (() => void) | undefined;
  await worker(
    async () => {
      begun++;
      await new Promise<void>((resolve) => (finish = resolve));
      return done(1);
    },
    { concurrency: 2 },
  );
  const { consumer_seq: earlier } = (await infoOf()).delivered;
  await put(dispatched("again", "s", { lane: "low" }));
  await eventually(async () => (await infoOf()).delivered.consumer_seq >= earlier + 3);
  finish!();
  await eventually(async () => (await infoOf()).num_ack_pending === 0);
  assert.equal(begun, 1);
});

test("an attempt has its time although this machine's clock is ahead of the broker's", async (t) => {
  const trueNow = Date.now;
  mock.method(Date, "now", () => trueNow() + 59_500);
  t.after(() => mock.restoreAll());
  await worker(async ({ signal }) => {
    await sleep(1000);
    return done(signal.aborted);
  });
  await put(dispatched("ahead", "s", { timeoutMs: 60_000 }));
  const result = await eventually(() => completedOf("ahead"));
  assert.equal(result.type === "step.completed" && result.data.output, false);
});
