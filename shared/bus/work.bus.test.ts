import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { put as store, standingOn } from "../../test/support/cell-log.ts";
import { eventually } from "../../test/support/eventually.ts";
import { completed, dispatched, finished } from "../../test/support/facts.ts";
import { growthOf } from "../../test/support/metrics.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import { GenesisError } from "../contract/errors.ts";
import type { NewEvent } from "../contract/events.ts";
import { orGivenUp, type RunStep, type StepAtHand } from "./attempt.ts";
import type { Work } from "./context.ts";
import type { DeadLetter } from "./dead-letters.ts";
import { headersOf } from "./requests.ts";
import type { StepOutcome } from "./result.ts";
import { stage } from "./stage.ts";
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

async function worker(does: (step: StepAtHand) => Promise<StepOutcome>, concurrency = 2): Promise<void> {
  const run: RunStep = (step) => orGivenUp(does(step), step.signal);
  works.push(...(await work({ ...cell.ctx, name: "agents" }, [{ name: "worker", concurrency, run }])));
}

const put = (event: NewEvent) => store(cell.bus, event);
const standing = (subject: string) => standingOn(cell.bus, subject);
const completedOf = (run: string, step = "s") => standing(`genesis.v1.step.completed.${run}.${step}`);
const failedOf = (run: string, step = "s", attempt = 1) =>
  standing(`genesis.v1.step.failed.${run}.${step}.${attempt}`);
const idle = () =>
  eventually(async () => {
    const info = await cell.bus.jsm.consumers.info("GENESIS", "agent-worker-normal");
    return info.num_ack_pending === 0 && info.num_pending === 0;
  });
/** Settles when the step is told to stop, with why. */
const stopped = (signal: AbortSignal) =>
  new Promise<string>((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));

async function letterOf(run: string): Promise<DeadLetter | undefined> {
  const { state } = await cell.bus.jsm.streams.info("GENESIS_DLQ");
  for (let seq = 1; seq <= state.last_seq; seq++) {
    const letter = (await cell.bus.jsm.direct.getMessage("GENESIS_DLQ", { seq }))!.json<DeadLetter>();
    if (letter.subject.split(".")[4] === run) return letter;
  }
  return undefined;
}

test("a step is done and its result stands", async () => {
  await worker(async ({ event }) => ({
    completed: { output: { did: event.data.title }, usage: { inputTokens: 3 } },
  }));
  await put(dispatched("done", "s", { title: "the title" }));
  const result = await eventually(() => completedOf("done"));
  assert.ok(result.type === "step.completed");
  const { startedAt, finishedAt, ...data } = result.data;
  assert.deepEqual(data, {
    agent: "worker",
    attempt: 1,
    output: { did: "the title" },
    usage: { inputTokens: 3 },
  });
  assert.ok(startedAt <= finishedAt);
  assert.equal(result.causationId, (await standing("genesis.v1.step.dispatched.done.s.1.worker.normal"))?.id);
  assert.equal(result.correlationId, "corr-1");
  await idle();
});

test("a step that failed says so, and whether another attempt makes sense", async () => {
  const error = new GenesisError("E_INPUT", [{ path: "input.x", rule: "must be number" }]).toJSON();
  await worker(async ({ event }) => {
    if (event.run === "thrown") throw new Error("something that quotes a secret");
    return { failed: { error, usage: { costMicroUsd: 7 } } };
  });
  await put(dispatched("failed", "s"));
  await put(dispatched("thrown", "s", { attempt: 2 }));
  const failure = await eventually(() => failedOf("failed"));
  assert.deepEqual(failure.data, { agent: "worker", error, usage: { costMicroUsd: 7 } });
  const thrown = await eventually(() => failedOf("thrown", "s", 2));
  assert.ok(thrown.type === "step.failed");
  assert.deepEqual(
    [thrown.data.error.code, thrown.data.error.retryable, thrown.attempt],
    ["E_INTERNAL", true, 2],
  );
  assert.doesNotMatch(JSON.stringify(thrown), /secret/);
});

test("what nobody waits for any more is not begun", async () => {
  const begun: string[] = [];
  await put(dispatched("ended", "s"));
  await put(finished("ended"));
  await put(dispatched("answered", "s"));
  await put(completed("answered", "s"));
  await put(dispatched("skipped", "s"));
  await put({
    type: "step.skipped",
    run: "skipped",
    step: "s",
    tokens: ["s"],
    causationId: "c",
    data: { reason: "a test" },
  });
  await put(dispatched("given-up", "s", { attempt: 1 }));
  const error = new GenesisError("E_TIMEOUT").toJSON();
  await put({
    type: "step.failed",
    run: "given-up",
    step: "s",
    attempt: 1,
    tokens: ["s", 1],
    causationId: "c",
    data: { agent: "worker", error },
  });
  await put(dispatched("given-up", "s", { attempt: 2 }));
  await worker(async ({ event }) => {
    begun.push(`${event.run} ${event.attempt}`);
    return done(1);
  });
  await eventually(() => completedOf("given-up"));
  await idle();
  assert.deepEqual(begun, ["given-up 2"]);
});

test("a step in hand is told when its run ends, and appends nothing", async () => {
  const reasons: string[] = [];
  await worker(async ({ event, signal }) => {
    if (event.run !== "aborted") return done(1);
    reasons.push("begun");
    reasons.push(await stopped(signal));
    return done("too late");
  });
  await put(dispatched("aborted", "s"));
  await eventually(() => reasons.length === 1);
  // What is announced and then refused by the broker did not happen.
  const refused = headersOf({ "Nats-Expected-Last-Subject-Sequence": "999999" });
  await cell.bus.nc.request("genesis.v1.run.finished.aborted.once", "{}", {
    timeout: 2000,
    headers: refused,
  });
  await sleep(300);
  assert.deepEqual(reasons, ["begun"]);
  await put(finished("aborted"));
  await eventually(() => reasons.length === 2);
  assert.deepEqual(reasons, ["begun", "finished"]);
  await idle();
  assert.equal(await completedOf("aborted"), undefined);
});

test("a step that takes too long is told to stop, and the attempt has failed", async () => {
  const toldBefore = cell.logged.filter((event) => event === "step_failed").length;
  const reasons: string[] = [];
  await worker(async ({ event, signal }) => {
    reasons.push(await stopped(signal));
    if (event.run === "deaf") return new Promise(() => {});
    throw new Error("stopped");
  });
  await put(dispatched("slow", "s", { timeoutMs: 200 }));
  await put(dispatched("deaf", "s", { timeoutMs: 200 }));
  for (const run of ["slow", "deaf"]) {
    const failure = await eventually(() => failedOf(run), 5000);
    assert.ok(failure.type === "step.failed");
    assert.deepEqual([failure.data.error.code, failure.data.error.retryable], ["E_TIMEOUT", true]);
  }
  assert.deepEqual(reasons, ["timeout", "timeout"]);
  const told = () => cell.logged.filter((event) => event === "step_failed").length === toldBefore + 2;
  await eventually(async () => told());
});

test("a dispatch that cannot be read is a dead letter", async () => {
  await worker(async () => done(1));
  await cell.bus.nc.request("genesis.v1.step.dispatched.garbled.s.1.worker.normal", "not json");
  await idle();
  // Not of its agent: execution is handed every dispatch, whether there is such an agent or not.
  assert.equal(await letterOf("garbled"), undefined);
  const ctx = { ...cell.ctx, name: "execution" };
  works.push(
    ...(await stage(ctx, { durable: "execution", reads: ["run.signal"], from: "run", decide: () => [] })),
  );
  const letter = await eventually(() => letterOf("garbled"));
  assert.deepEqual([letter.code, letter.service], ["E_JSON", "execution"]);
});

test("a result that comes too late is dropped", async () => {
  await worker(async ({ event }) => {
    await put(completed(event.run, "s", "the first"));
    return done("the second");
  });
  await put(dispatched("raced", "s"));
  await eventually(() => cell.logged.includes("late_result"));
  await idle();
  const result = await completedOf("raced");
  assert.equal(result?.type === "step.completed" && result.data.output, "the first");
});

test("what cannot be written is a failure for good", async () => {
  const outcomes: Record<string, [outcome: StepOutcome, code: string]> = {
    large: [done("x".repeat(300 * 1024)), "E_TOO_LARGE"],
    bigint: [done(1n), "E_AGENT"],
    cost: [{ completed: { output: 1, usage: { inputTokens: -1 } } }, "E_AGENT"],
  };
  await worker(async ({ event }) => outcomes[event.run]![0]);
  for (const run of Object.keys(outcomes)) await put(dispatched(run, "s"));
  for (const [run, [, code]] of Object.entries(outcomes)) {
    const failure = await eventually(() => failedOf(run));
    assert.ok(failure.type === "step.failed");
    assert.deepEqual([run, failure.data.error.code, failure.data.error.retryable], [run, code, false]);
  }
});

test("draining lets a step finish, and gives back one that does not", async () => {
  const begun: string[] = [];
  await worker(async ({ event, signal }) => {
    begun.push(event.run);
    if (event.run === "quick") await sleep(300);
    else throw new Error(await stopped(signal));
    return done("first");
  });
  await put(dispatched("quick", "s"));
  await put(dispatched("endless", "s"));
  await eventually(() => begun.length === 2);
  await Promise.all(works.map(({ drain }) => drain()));
  works = [];
  assert.ok(await completedOf("quick"));
  assert.equal(await completedOf("endless"), undefined);
  await worker(async () => done("second"));
  const result = await eventually(() => completedOf("endless"), 2000);
  assert.equal(result.type === "step.completed" && result.data.output, "second");
});

test("a step that is completed although draining told it to stop is not done again", async () => {
  let begun = 0;
  await worker(async ({ signal }) => {
    begun++;
    await stopped(signal);
    await sleep(300);
    return done("paid for");
  });
  await put(dispatched("late", "s"));
  await eventually(() => begun === 1);
  await Promise.all(works.map(({ drain }) => drain()));
  works = [];
  const result = await completedOf("late");
  assert.equal(result?.type === "step.completed" && result.data.output, "paid for");
  await idle();
});

test("a step can be driven again, and is not done twice", async () => {
  let times = 0;
  await worker(async () => done(++times));
  const sequence = await put(dispatched("again", "s"));
  await eventually(() => completedOf("again"));
  const consumed =
    'messaging_client_consumed_messages_total{template="genesis.v1.step.dispatched",consumer="agent-worker"}';
  const counted = await growthOf(consumed, async () => {
    const question = JSON.stringify({ stream: "GENESIS", sequence });
    const reply = await cell.bus.nc.request("genesis.redrive.agents", question);
    assert.deepEqual(reply.json(), { ok: true, stored: 0 });
  });
  assert.deepEqual([times, counted], [1, 1]);
});

test("a step that is driven again takes a place, and is refused where there is none", async () => {
  const begun: string[] = [];
  let finish: (() => void) | undefined;
  await worker(async ({ event }) => {
    begun.push(event.run);
    await new Promise<void>((resolve) => (finish = resolve));
    return done(1);
  }, 1);
  const sequences = [await put(dispatched("has", "s")), await put(dispatched("lacks", "s"))];
  await eventually(() => begun.length === 1);
  const replies = await Promise.all(
    sequences.map(async (sequence) => {
      const question = JSON.stringify({ stream: "GENESIS", sequence });
      return (await cell.bus.nc.request("genesis.redrive.agents", question)).json<{ code?: string }>();
    }),
  );
  assert.deepEqual(replies[0], { ok: true, stored: 0 }, "it is in hand");
  assert.equal(replies[1]!.code, "E_OVERLOAD");
  assert.deepEqual(begun, ["has"]);
  for (const run of ["has", "lacks"]) {
    await eventually(() => begun.at(-1) === run && finish);
    finish?.();
    await eventually(() => completedOf(run));
  }
  assert.deepEqual(begun, ["has", "lacks"]);
});

test("a result that the broker cannot store yet is kept, and the step not done again", async () => {
  let times = 0;
  await worker(async ({ event }) => {
    if (event.run === "kept") {
      times++;
      await cell.server.kill();
    }
    return done("the result");
  });
  await put(dispatched("kept", "s"));
  await eventually(() => !cell.bus.isConnected());
  await sleep(300);
  await cell.server.restart();
  const result = await eventually(() => completedOf("kept").catch(() => undefined));
  assert.equal(result.type === "step.completed" && result.data.output, "the result");
  assert.equal(times, 1);
});
