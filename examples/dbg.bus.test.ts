import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { connect, type Bus } from "../shared/bus/connect.ts";
import type { Fact } from "../shared/bus/fact.ts";
import { setup } from "../shared/bus/setup.ts";
import { loadCatalog } from "../shared/catalog/load.ts";
import { childEnvironment } from "../shared/config.ts";
import { eventId } from "../shared/contract/envelope.ts";
import type { EventData, NewEvent, StoredEvent } from "../shared/contract/events.ts";
import { agentConsumer } from "../shared/contract/streams.ts";
import { LANES, type Lane } from "../shared/contract/subjects.ts";
import { parseTraceparent } from "../shared/telemetry/messaging.ts";
import { eventually } from "../test/support/eventually.ts";
import { startServer, type TestServer } from "../test/support/nats.ts";
import { notRun } from "../test/support/not-run.ts";
import { pythonWith } from "../test/support/python.ts";

const MIB = 1024 * 1024;
const AGENT = join(import.meta.dirname, "06-agent-debug.py");
const CATALOG = join(import.meta.dirname, "../test/support/catalog/external");
const CORRELATION = "a-user's-own-id";

let server: TestServer;
let bus: Bus;
let python: string | undefined;

before(async () => {
  python = await pythonWith("nats-py==2.16.0");
  server = await startServer();
  bus = await connect({ url: server.url, prefix: "genesis", name: "test" });
  await setup(bus, {
    sizes: { logMaxBytes: 64 * MIB, inboxMaxBytes: MIB, dlqMaxBytes: MIB },
    agents: loadCatalog([CATALOG]).agents,
  });
  // What an agent that was killed had in hand comes again after a second, not after thirty.
  for (const lane of LANES)
    await bus.jsm.consumers.update(bus.names.log, agentConsumer("word_counter", lane), { ack_wait: 1e9 });
});

after(async () => {
  await bus.close();
  await server.stop();
});

/** Starts the agent and waits until it listens; undefined, and the test says so, where there is no Python. */
async function agentOf(
  t: TestContext,
  settings: Record<string, string> = {},
): Promise<ChildProcess | undefined> {
  if (python === undefined) {
    notRun(t, "python3 with pip and nats-py is not to be had");
    return undefined;
  }
  const child = spawn(python, [AGENT], {
    env: childEnvironment({ NATS_URL: server.url, ...settings }),
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout!, "data");
  return child;
}

type Step = { run: string; input?: Record<string, unknown>; lane?: Lane; attempt?: number };

async function dispatch({
  run,
  input = {},
  lane = "normal",
  attempt = 1,
}: Step): Promise<StoredEvent<"step.dispatched">> {
  const event: NewEvent<"step.dispatched"> = {
    type: "step.dispatched",
    run,
    step: "s1",
    attempt,
    tokens: ["s1", attempt, "word_counter", lane],
    causationId: "0123456789abcdef0123456789abcdef",
    data: {
      planHash: "0".repeat(64),
      agent: "word_counter",
      taskType: "count_words",
      title: "Count the words",
      input,
      results: {},
      deadline: "2030-01-01T00:00:00Z",
      timeoutMs: 60_000,
      effectKey: `${run}.s1`,
    },
  };
  await bus.log.append(
    { event, expect: "attempt" },
    { correlationId: CORRELATION, root: { caller: undefined } },
  );
  const fact = await bus.log.read(bus.subjects.fact("step.dispatched", run, ...event.tokens));
  return fact!.event as StoredEvent<"step.dispatched">;
}

async function answerOn(subject: string): Promise<NonNullable<Fact["event"]>> {
  const { event, unreadable } = await eventually(() => bus.log.read(subject));
  assert.ok(event, JSON.stringify(unreadable));
  return event;
}

const completedOf = (run: string): string => bus.subjects.fact("step.completed", run, "s1");
const failedOf = (run: string): string => bus.subjects.fact("step.failed", run, "s1", 1);

/** Whether everything that was dispatched in a lane is acknowledged. */
async function isSettled(lane: Lane): Promise<boolean> {
  const info = await bus.jsm.consumers.info(bus.names.log, agentConsumer("word_counter", lane));
  return info.num_pending === 0 && info.num_ack_pending === 0;
}

test("completes a step of every lane, in the words of the contract", async (t) => {
  if ((await agentOf(t)) === undefined) return;
  for (const lane of LANES) {
    const run = `done-${lane}`;
    const asked = await dispatch({ run, lane, input: { text: "so viele Wörter\nhier 🚀" } });
    const done = await answerOn(completedOf(run));
    assert.equal(done.id, eventId(done.subject, asked.id));
    assert.equal(done.causationId, asked.id);
    assert.equal(done.correlationId, CORRELATION);
    const [theirs, ours] = [parseTraceparent(done.traceparent!)!, parseTraceparent(asked.traceparent!)!];
    assert.equal(theirs.traceId, ours.traceId, "the same trace");
    assert.notEqual(theirs.spanId, ours.spanId, "a span of its own");
    assert.equal(theirs.traceFlags, ours.traceFlags);
    const { startedAt, finishedAt, ...data } = done.data as EventData<"step.completed">;
    assert.deepEqual(data, { agent: "word_counter", attempt: 1, output: { words: 5 } });
    assert.ok(startedAt <= finishedAt);
    await eventually(() => isSettled(lane));
  }
});

test("bad input is step.failed with E_INPUT, not worth another attempt", async (t) => {
  if ((await agentOf(t)) === undefined) return;
  const asked = await dispatch({ run: "bad", input: { text: 5 } });
  const failed = await answerOn(failedOf("bad"));
  assert.deepEqual([failed.id, failed.causationId], [eventId(failed.subject, asked.id), asked.id]);
  assert.deepEqual(failed.data, {
    agent: "word_counter",
    error: {
      code: "E_INPUT",
      message: "The step's input is not what its agent asks for.",
      retryable: false,
      details: [{ path: "input.text", rule: "must be string" }],
    },
  });
  await eventually(() => isSettled("normal"));
});

test("work that takes longer than the ack wait is not given to another", async (t) => {
  if ((await agentOf(t, { WORK_SECONDS: "2.5" })) === undefined) return;
  const deliveries: string[] = [];
  bus.nc.subscribe("$JS.ACK.GENESIS.agent-word_counter-normal.>", {
    callback: (_, message) => void deliveries.push(`${message.subject.split(".")[4]} ${message.string()}`),
  });
  await dispatch({ run: "slow", input: { text: "one two" } });
  await answerOn(completedOf("slow"));
  await eventually(() => isSettled("normal"));
  // An empty word acknowledges.
  assert.deepEqual([...new Set(deliveries)], ["1 +WPI", "1 "], "delivered once, and kept");
});

test("what an instance that was killed had in hand is done by the next one, and completed once", async (t) => {
  const slow = await agentOf(t, { WORK_SECONDS: "60" });
  if (slow === undefined) return;
  const asked = await dispatch({ run: "killed", input: { text: "one two" } });
  await eventually(async () => !(await isSettled("normal")));
  slow.kill("SIGKILL");
  await agentOf(t);
  const done = await answerOn(completedOf("killed"));
  assert.equal(done.causationId, asked.id);
  assert.equal((await bus.log.history("killed")).events.length, 2);
  await eventually(() => isSettled("normal"));
});

test("a redelivery of what is answered already is only acknowledged", async (t) => {
  const asked = await dispatch({ run: "again", input: { text: "one" } });
  const data = {
    agent: "word_counter",
    attempt: 1,
    output: { words: 99 },
    startedAt: asked.time,
    finishedAt: asked.time,
  };
  const event: NewEvent<"step.completed"> = {
    type: "step.completed",
    run: "again",
    step: "s1",
    tokens: ["s1"],
    causationId: asked.id,
    data,
  };
  await bus.log.append({ event, expect: "subject" }, { correlationId: CORRELATION });
  if ((await agentOf(t)) === undefined) return;
  await eventually(() => isSettled("normal"));
  assert.deepEqual((await answerOn(completedOf("again"))).data, data);
});

test("a run that ends while the agent works stops the work, and nothing is answered", async (t) => {
  if ((await agentOf(t, { WORK_SECONDS: "60" })) === undefined) return;
  const asked = await dispatch({ run: "cancelled", input: { text: "one" } });
  await eventually(async () => !(await isSettled("normal")));
  const event: NewEvent<"run.finished"> = {
    type: "run.finished",
    run: "cancelled",
    tokens: ["once"],
    causationId: asked.id,
    data: {
      outcome: "cancelled",
      through: asked.seq,
      counts: { completed: 0, failed: 0, skipped: 0 },
      usage: {},
    },
  };
  await bus.log.append({ event, expect: "subject" }, { correlationId: CORRELATION });
  await eventually(() => isSettled("normal"));
  assert.equal(await bus.log.read(completedOf("cancelled")), undefined);
  assert.equal(await bus.log.read(failedOf("cancelled")), undefined);
});
