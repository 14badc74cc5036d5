import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { deadLettersOfRun, put as store, standingOn } from "../../test/support/cell-log.ts";
import { eventually } from "../../test/support/eventually.ts";
import { completed, decomposed, encoded, signal, submitted } from "../../test/support/facts.ts";
import { valueOf } from "../../test/support/metrics.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import { recordSpans, spansOf } from "../../test/support/spans.ts";
import type { Append, History } from "../contract/decider.ts";
import { GenesisError } from "../contract/errors.ts";
import type { NewEvent, StoredEvent } from "../contract/events.ts";
import type { Work } from "./context.ts";
import { stage } from "./stage.ts";

let cell: TestCell;
let works: Work[] = [];
before(async () => {
  recordSpans();
  cell = await startCell();
});
after(() => cell.stop(...works));

beforeEach(async () => {
  await Promise.all(works.map(({ drain }) => drain()));
  works = [];
});

const put = (event: NewEvent) => store(cell.bus, event);
const standing = (subject: string) => standingOn(cell.bus, subject);

/** A stage that plans: one `plan.decomposed` for each task, decided by what the test says. */
async function plans(
  decide: (event: StoredEvent<"task.submitted">, history: History) => Append[],
): Promise<void> {
  const ctx = { ...cell.ctx, name: "htdag" };
  works.push(...(await stage(ctx, { durable: "htdag", reads: ["task.submitted"], from: "run", decide })));
}
const plan = (run: string, causationId: string, because?: string): Append => ({
  event: { ...decomposed(run, 0, because), causationId },
  expect: "subject",
});

const redrive = async (question: unknown) => {
  const reply = await cell.bus.nc.request("genesis.redrive.htdag", JSON.stringify(question));
  return reply.json<{ code?: string }>();
};

test("a fact is read, the next one appended, and the message settled", async () => {
  await plans(({ run, id }) => [plan(run, id)]);
  await put(submitted("relay"));
  const next = await eventually(() => standing("genesis.v1.plan.decomposed.relay.0"));
  assert.equal(next.correlationId, "corr-1");
  assert.equal(next.causationId, encoded(submitted("relay")).id);
  const info = await eventually(async () => {
    const now = await cell.bus.jsm.consumers.info("GENESIS", "htdag");
    return now.num_ack_pending === 0 && now;
  });
  assert.equal(info.num_redelivered, 0);
});

test("what follows continues the trace of what was read", async () => {
  await plans(({ run, id }) => [plan(run, id)]);
  const spans = await spansOf(async () => {
    await put(submitted("traced"));
    await eventually(() => standing("genesis.v1.plan.decomposed.traced.0"));
    await cell.bus.turns.idle();
  });
  const chain = [
    "publish genesis.v1.task.submitted",
    "process genesis.v1.task.submitted",
    "publish genesis.v1.plan.decomposed",
  ].map((name) => spans.find((span) => span.name === name));
  const [task, handling, next] = chain;
  assert.equal(handling?.parentSpanContext?.spanId, task?.spanContext().spanId);
  assert.equal(next?.parentSpanContext?.spanId, handling?.spanContext().spanId);
  assert.equal(new Set(chain.map((span) => span?.spanContext().traceId)).size, 1);
  assert.equal(next?.attributes["messaging.message.conversation_id"], "corr-1");
  const stored = await standing("genesis.v1.plan.decomposed.traced.0");
  assert.equal(stored?.traceparent?.split("-")[2], next?.spanContext().spanId);
});

test("a later revision stands under the task, a signal from outside in the trace of its run", async () => {
  works.push(
    ...(await stage(
      { ...cell.ctx, name: "execution" },
      {
        durable: "execution",
        reads: ["run.signal"],
        from: "run",
        decide: ({ run, id }) => [{ event: { ...decomposed(run, 1), causationId: id }, expect: "subject" }],
      },
    )),
  );
  const spans = await spansOf(async () => {
    await put(submitted("revised"));
    await put(signal("revised", "again"));
    await eventually(() => standing("genesis.v1.plan.decomposed.revised.1"));
    await cell.bus.turns.idle();
  });
  const named = (name: string) => spans.find((span) => span.name === name);
  const task = named("publish genesis.v1.task.submitted")?.spanContext();
  const handling = named("process genesis.v1.run.signal");
  assert.equal(handling?.parentSpanContext?.spanId, task?.spanId);
  assert.deepEqual(
    handling?.links.map(({ context }) => context.spanId),
    [named("publish genesis.v1.run.signal")?.spanContext().spanId],
  );
  const revision = named("publish genesis.v1.plan.decomposed");
  assert.equal(revision?.parentSpanContext?.spanId, task?.spanId);
  assert.deepEqual(
    revision?.links.map(({ context }) => context.spanId),
    [handling?.spanContext().spanId],
  );
});

test("a message that is handled again changes nothing", async () => {
  let times = 0;
  await plans(({ run, id }) => {
    if (run === "twice") times++;
    return [plan(run, id)];
  });
  const seq = await put(submitted("twice"));
  const first = await eventually(() => standing("genesis.v1.plan.decomposed.twice.0"));
  assert.deepEqual(await redrive({ stream: "GENESIS", sequence: seq }), { ok: true, stored: 0 });
  assert.equal(times, 2);
  assert.deepEqual(await standing("genesis.v1.plan.decomposed.twice.0"), first);
});

test("a message that is driven again is told of in its run's trace, by its durable, and has waited for nobody", async () => {
  await plans(({ run, id }) => [plan(run, id)]);
  const sequence = await put(submitted("driven"));
  await eventually(() => standing("genesis.v1.plan.decomposed.driven.0"));
  await cell.bus.turns.idle();
  const waits = 'messaging_queue_wait_seconds_count{template="genesis.v1.task.submitted"}';
  const hops = 'run_stage_duration_seconds_count{stage="htdag"}';
  const earlier = [await valueOf(waits), await valueOf(hops)];
  const spans = await spansOf(() => redrive({ stream: "GENESIS", sequence }));
  assert.deepEqual([await valueOf(waits), await valueOf(hops)], earlier);
  const handled = spans.find(({ name }) => name === "process genesis.v1.task.submitted");
  assert.equal(handled!.attributes["messaging.consumer.group.name"], "htdag");
  assert.equal(handled!.attributes["messaging.nats.queue_wait"], undefined);
  const { headers } = (await cell.bus.log.readStored("genesis.v1.task.submitted.driven.once"))!;
  assert.equal(handled!.spanContext().traceId, headers.get("traceparent")![0]!.slice(3, 35));
});

test("messages of one run are handled in order, those of others meanwhile", async () => {
  const order: string[] = [];
  let release: (() => void) | undefined;
  const ctx = { ...cell.ctx, name: "execution" };
  works.push(
    ...(await stage(ctx, {
      durable: "execution",
      reads: ["step.completed"],
      from: "event",
      decide: ({ run, step = "" }) => {
        if (run.startsWith("ordered")) order.push(`${run}.${step}`);
        return [];
      },
    })),
  );
  // A turn that is taken holds up its own run and nobody else.
  cell.bus.turns.submit("ordered-1", () => new Promise((resolve) => (release = resolve)));
  for (const step of ["a", "b", "c"]) await put(completed("ordered-1", step));
  await put(completed("ordered-2", "z"));
  await eventually(() => order.includes("ordered-2.z"));
  assert.deepEqual(order, ["ordered-2.z"]);
  release?.();
  await eventually(() => order.length === 4);
  assert.deepEqual(order.slice(1), ["ordered-1.a", "ordered-1.b", "ordered-1.c"]);
});

test("a bug is tried again after a second", async () => {
  let tries = 0;
  await plans(({ run, id }) => {
    if (run === "buggy" && ++tries === 1) throw new TypeError("a bug");
    return run === "buggy" ? [plan(run, id)] : [];
  });
  await put(submitted("buggy"));
  await eventually(() => standing("genesis.v1.plan.decomposed.buggy.0"));
  assert.equal(tries, 2);
  assert.deepEqual(await deadLettersOfRun(cell.bus, "buggy"), []);
});

test("what the stage refuses is a dead letter at once, and can be driven again", async () => {
  let isRefused = true;
  await plans(({ run, id }) => {
    if (run === "refused" && isRefused) throw new GenesisError("E_VALIDATION");
    return [plan(run, id)];
  });
  const sequence = await put(submitted("refused"));
  const [letter] = await eventually(async () => {
    const letters = await deadLettersOfRun(cell.bus, "refused");
    return letters.length > 0 && letters;
  });
  assert.equal(letter?.code, "E_VALIDATION");
  assert.equal(letter?.service, "htdag");
  assert.equal(letter?.sequence, sequence);
  assert.equal((await redrive({ stream: "GENESIS", sequence })).code, "E_VALIDATION");
  isRefused = false;
  const again = { stream: letter?.stream, sequence: letter?.sequence };
  assert.deepEqual(await redrive(again), { ok: true, stored: 1 });
  assert.deepEqual(await redrive(again), { ok: true, stored: 0 });
  assert.ok(await standing("genesis.v1.plan.decomposed.refused.0"));
  for (const question of [
    {},
    { stream: "GENESIS_DLQ", sequence: 1 },
    { stream: "GENESIS", sequence: 999_999 },
    "x",
  ])
    assert.equal((await redrive(question)).code, "E_SCHEMA");
  const foreign = await put(signal("refused", "not-for-htdag"));
  assert.equal((await redrive({ stream: "GENESIS", sequence: foreign })).code, "E_SCHEMA");
  assert.equal((await deadLettersOfRun(cell.bus, "refused")).length, 1);
});

test("a run that has not begun is ignored", async () => {
  const seen: string[] = [];
  await plans(({ run }) => (seen.push(run), []));
  works.push(
    ...(await stage(
      { ...cell.ctx, name: "aop" },
      {
        durable: "aop",
        reads: ["plan.routed"],
        from: "run",
        decide: ({ run }) => (seen.push(run), []),
      },
    )),
  );
  await put({
    type: "plan.routed",
    run: "unborn",
    rev: 0,
    tokens: [0],
    causationId: "",
    data: { rules: { version: "1", hash: "h" }, registryHash: "h", assignments: [], unrouted: [] },
  });
  await put(submitted("born"));
  await eventually(() => seen.includes("born"));
  await eventually(
    async () => (await cell.bus.jsm.consumers.info("GENESIS", "aop")).ack_floor.stream_seq > 0,
  );
  assert.ok(!seen.includes("unborn"));
});

test("draining finishes what is in hand and gives the rest back at once", async () => {
  await plans(({ run, id }) => (run.startsWith("drained") ? [plan(run, id)] : []));
  let release: (() => void) | undefined;
  cell.bus.turns.submit("drained-1", () => new Promise((resolve) => (release = resolve)));
  await put(submitted("drained-1"));
  await put(submitted("drained-2"));
  await eventually(() => standing("genesis.v1.plan.decomposed.drained-2.0"));
  const draining = Promise.all(works.map(({ drain }) => drain()));
  release?.();
  await draining;
  works = [];
  assert.equal(await standing("genesis.v1.plan.decomposed.drained-1.0"), undefined);
  await plans(({ run, id }) => [plan(run, id)]);
  await eventually(() => standing("genesis.v1.plan.decomposed.drained-1.0"), 2000);
});
