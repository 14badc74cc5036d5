import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../test/support/eventually.ts";
import { completed, dispatched } from "../../test/support/facts.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import { GenesisError } from "../contract/errors.ts";
import { sha256 } from "../contract/plan-hash.ts";
import type { Lane } from "../contract/subjects.ts";
import type { RunStep, StepAtHand } from "./attempt.ts";
import { deliveryOf, type Delivery } from "./delivery.ts";
import { watchFinishedRuns, type FinishedRuns } from "./finished-runs.ts";
import { handleStep } from "./handle-step.ts";
import { oneAtATime } from "./one-at-a-time.ts";

const MIB = 1024 * 1024;

let cell: TestCell;
let finished: FinishedRuns;
before(async () => {
  cell = await startCell([{ name: "worker", concurrency: 64 }]);
  finished = watchFinishedRuns(cell.bus);
});
after(() => cell.stop());

const append = (run: string, lane: Lane = "normal") =>
  cell.bus.log.append(
    { event: dispatched(run, "s", { timeoutMs: 3_600_000, lane }), expect: "attempt" },
    { correlationId: "corr-1" },
  );

async function take(lane: Lane = "normal"): Promise<Delivery> {
  const consumer = await cell.bus.js.consumers.get("GENESIS", `agent-worker-${lane}`);
  const message = await consumer.next({ expires: 5000 });
  assert.ok(message);
  return deliveryOf(message);
}

const handle = (delivery: Delivery, run: RunStep, stopping = new AbortController().signal) =>
  handleStep(
    { ...cell.ctx, name: "agents" },
    { run, finished, clock: Date.now, suspects: oneAtATime(), stopping },
    delivery,
  );
const returnsResults: RunStep = async ({ results }) => ({ completed: { output: results } });
const completes: RunStep = async () => ({ completed: { output: "done" } });
const standing = async (subject: string) => (await cell.bus.log.read(`genesis.v1.${subject}`))?.event;
const waitsForAbort = ({ signal }: StepAtHand): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("told to stop"))));

test("a step that was given back at every restart is no poison, however often", async () => {
  await append("deployed");
  for (let restart = 1; restart <= 6; restart++) {
    const stopping = new AbortController();
    const delivery = await take();
    assert.equal(delivery.deliveryCount, restart);
    const run: RunStep = (step) => {
      queueMicrotask(() => stopping.abort("drain"));
      return waitsForAbort(step);
    };
    await handle(delivery, run, stopping.signal);
  }
  await handle(await take(), completes);
  assert.equal(await standing("step.failed.deployed.s.1"), undefined);
  assert.equal((await standing("step.completed.deployed.s"))?.type, "step.completed");
});

test("the results that a step is given are waited for while the broker does not hand them out", async () => {
  const { bus } = cell;
  const subject = "genesis.v1.step.completed.referred.before";
  const result = { event: completed("referred", "before", { large: true }), expect: "subject" } as const;
  await bus.log.append(result, { correlationId: "corr-1" });
  const { bytes } = (await bus.log.readStored(subject))!;
  const results = { before: { $ref: subject, bytes: bytes.length, sha256: sha256(bytes) } };
  const event = dispatched("referred", "s", { results });
  await bus.log.append({ event, expect: "attempt" }, { correlationId: "corr-1" });
  let refused = 0;
  const readStored = async (asked: string) => {
    if (refused++ < 2) throw new GenesisError("E_STORAGE");
    return bus.log.readStored(asked);
  };
  const means = {
    run: returnsResults,
    finished,
    clock: Date.now,
    suspects: oneAtATime(),
    stopping: new AbortController().signal,
  };
  const ctx = { ...cell.ctx, name: "agents", bus: { ...bus, log: { ...bus.log, readStored } } };
  await handleStep(ctx, means, await take());
  const fact = await standing("step.completed.referred.s");
  assert.deepEqual(fact?.type === "step.completed" && fact.data.output, { before: { large: true } });
});

test("steps leave nothing behind at the signal that lives as long as the process", async () => {
  const stopping = new AbortController();
  for (let step = 0; step < 20; step++) {
    await append(`brief-${step}`);
    let heardWhileAtWork = 0;
    const run: RunStep = async () => {
      heardWhileAtWork = getEventListeners(stopping.signal, "abort").length;
      return { completed: { output: step } };
    };
    await handle(await take(), run, stopping.signal);
    assert.equal(heardWhileAtWork, 1);
  }
  assert.equal(getEventListeners(stopping.signal, "abort").length, 0);
});

test("a step is acknowledged once its result is on disk, and not before", async (t) => {
  const full = await startCell([{ name: "worker", concurrency: 1 }], { logMaxBytes: MIB });
  t.after(() => full.stop());
  const { bus } = full;
  const event = dispatched("full", "s", { timeoutMs: 3_600_000 });
  await bus.log.append({ event, expect: "attempt" }, { correlationId: "corr-1" });
  for (const bytes of [100_000, 1000]) await fill(bus, bytes);
  const consumer = await bus.js.consumers.get("GENESIS", "agent-worker-normal");
  const delivery = deliveryOf((await consumer.next({ expires: 5000 }))!);
  let times = 0;
  const run: RunStep = async () => ({ completed: { output: ++times } });
  const ofFull = watchFinishedRuns(bus);
  const means = {
    run,
    finished: ofFull,
    clock: Date.now,
    suspects: oneAtATime(),
    stopping: new AbortController().signal,
  };
  const handled = handleStep({ ...full.ctx, name: "agents" }, means, delivery);
  await eventually(() => times === 1);
  await sleep(300);
  assert.equal((await consumer.info()).num_ack_pending, 1);
  await bus.jsm.streams.update("GENESIS", { max_bytes: 8 * MIB });
  await handled;
  await eventually(async () => (await consumer.info()).num_ack_pending === 0);
  const result = (await bus.log.read("genesis.v1.step.completed.full.s"))?.event;
  assert.equal(result?.type === "step.completed" && result.data.output, 1);
  assert.equal(times, 1);
});

/** Publishes messages of a size until the log takes no more. */
async function fill({ js }: TestCell["bus"], bytes: number): Promise<void> {
  for (let i = 0; ; i++) {
    const stored = await js.publish(`genesis.v1.step.skipped.fill${bytes}.${i}`, new Uint8Array(bytes)).then(
      () => true,
      () => false,
    );
    if (!stored) return;
  }
}

test("what a step needs to begin is waited for while the broker is away, and costs no delivery", async () => {
  await append("away", "high");
  const delivery = await take("high");
  await cell.server.kill();
  await eventually(() => !cell.bus.isConnected());
  const handled = handle(delivery, completes);
  await cell.server.restart();
  await handled;
  assert.equal((await standing("step.completed.away.s"))?.type, "step.completed");
  await eventually(async () => {
    const info = await cell.bus.jsm.consumers.info("GENESIS", "agent-worker-high");
    return info.num_ack_pending === 0 && info.num_redelivered === 0;
  });
});
