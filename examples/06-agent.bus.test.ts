import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import type { Fact } from "../shared/bus/fact.ts";
import { loadCatalog } from "../shared/catalog/load.ts";
import { childEnvironment } from "../shared/config.ts";
import { eventId } from "../shared/contract/envelope.ts";
import type { EventData, NewEvent, StoredEvent } from "../shared/contract/events.ts";
import { sha256 } from "../shared/contract/plan-hash.ts";
import { agentConsumer } from "../shared/contract/streams.ts";
import { LANES, type Lane } from "../shared/contract/subjects.ts";
import { eventually } from "../test/support/eventually.ts";
import { completed, dispatched, encoded, finished } from "../test/support/facts.ts";
import { foreignClient, type Headers } from "../test/support/foreign-client.ts";
import { startCell, type TestCell } from "../test/support/nats.ts";
import { notRun } from "../test/support/not-run.ts";
import { pythonWith } from "../test/support/python.ts";

const AGENT = join(import.meta.dirname, "06-agent.py");
const CATALOG = join(import.meta.dirname, "../test/support/catalog/external");
const CORRELATION = "a-user's-own-id";
const SECOND_NS = 1e9;

let cell: TestCell;
let python: string | undefined;

before(async () => {
  python = await pythonWith("nats-py==2.16.0");
  cell = await startCell([...loadCatalog([CATALOG]).agents]);
  // What an agent that was killed had in hand comes again after a second, not after thirty.
  for (const lane of LANES)
    await cell.bus.jsm.consumers.update(cell.bus.names.log, agentConsumer("word_counter", lane), {
      ack_wait: SECOND_NS,
    });
});

after(() => cell.stop());

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
    env: childEnvironment({ NATS_URL: cell.server.url, ...settings }),
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout!, "data");
  return child;
}

async function append(event: NewEvent): Promise<void> {
  const options = { correlationId: CORRELATION, root: { caller: undefined } };
  const { kind } = await cell.bus.log.append({ event, expect: "subject" }, options);
  assert.equal(kind, "stored");
}

function dispatchOf(
  run: string,
  more: { lane?: Lane } & Partial<EventData<"step.dispatched">>,
): NewEvent<"step.dispatched"> {
  return dispatched(run, "s1", { agent: "word_counter", taskType: "count_words", ...more });
}

/** Asks the agent to count the words of a text, and gives the stored fact. */
async function dispatch(
  run: string,
  text: unknown,
  lane: Lane = "normal",
): Promise<StoredEvent<"step.dispatched">> {
  const event = dispatchOf(run, { lane, input: { text } });
  await append(event);
  const fact = await cell.bus.log.read(cell.bus.subjects.fact("step.dispatched", run, ...event.tokens));
  return fact!.event as StoredEvent<"step.dispatched">;
}

async function answerOn(subject: string): Promise<NonNullable<Fact["event"]>> {
  const { event, unreadable } = await eventually(() => cell.bus.log.read(subject));
  assert.ok(event, JSON.stringify(unreadable));
  return event;
}

const completedOf = (run: string): string => cell.bus.subjects.fact("step.completed", run, "s1");
const failedOf = (run: string): string => cell.bus.subjects.fact("step.failed", run, "s1", 1);

/** Whether everything that was dispatched in a lane is acknowledged. */
async function isSettled(lane: Lane): Promise<boolean> {
  const info = await cell.bus.jsm.consumers.info(cell.bus.names.log, agentConsumer("word_counter", lane));
  return info.num_pending === 0 && info.num_ack_pending === 0;
}

test("completes a step of every lane, in the words of the contract", async (t) => {
  if ((await agentOf(t)) === undefined) return;
  for (const lane of LANES) {
    const run = `done-${lane}`;
    const asked = await dispatch(run, "so viele Wörter\nhier 🚀", lane);
    const done = await answerOn(completedOf(run));
    assert.equal(done.id, eventId(done.subject, asked.id));
    assert.equal(done.causationId, asked.id);
    assert.equal(done.correlationId, CORRELATION);
    const [version, traceId, spanId, flags] = done.traceparent!.split("-");
    const [, askedTraceId, askedSpanId, askedFlags] = asked.traceparent!.split("-");
    assert.deepEqual([version, traceId, flags], ["00", askedTraceId, askedFlags], "the same trace");
    assert.match(spanId!, /^[0-9a-f]{16}$/);
    assert.notEqual(spanId, askedSpanId, "a span of its own");
    const { startedAt, finishedAt, ...data } = done.data as EventData<"step.completed">;
    assert.deepEqual(data, { agent: "word_counter", attempt: 1, output: { words: 5 } });
    assert.ok(startedAt <= finishedAt);
    await eventually(() => isSettled(lane));
  }
});

test("bad input is step.failed with E_INPUT, not worth another attempt", async (t) => {
  if ((await agentOf(t)) === undefined) return;
  const asked = await dispatch("bad", 5);
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

test("without a text, the words of the steps before count, also of a result that is only referred to", async (t) => {
  if ((await agentOf(t)) === undefined) return;
  const large = "word ".repeat(50_000);
  await append(completed("refers", "s0", large));
  const subject = cell.bus.subjects.fact("step.completed", "refers", "s0");
  const { bytes } = (await cell.bus.log.readStored(subject))!;
  const reference = { $ref: subject, bytes: bytes.length, sha256: sha256(bytes) };
  await append(dispatchOf("refers", { results: { s0: reference, other: "two words" } }));
  const { output } = (await answerOn(completedOf("refers"))).data as EventData<"step.completed">;
  assert.deepEqual(output, { words: 50_002 });
  await append(completed("refers-wrongly", "s0", large));
  const stranger = { ...reference, $ref: cell.bus.subjects.fact("step.completed", "refers-wrongly", "s0") };
  await append(dispatchOf("refers-wrongly", { results: { s0: stranger } }));
  const { error } = (await answerOn(failedOf("refers-wrongly"))).data as EventData<"step.failed">;
  assert.deepEqual([error.code, error.retryable], ["E_SCHEMA", false], "of another size or content");
});

test("what cannot be read is delivered no more, and left to execution, which writes its dead letter", async (t) => {
  const client = await foreignClient(cell.server.url);
  t.after(() => client.nc.close());
  const good = encoded(dispatchOf("unreadable", {}));
  const headers = { ...good.headers, "correlation-id": CORRELATION };
  const text = new TextDecoder().decode(good.bytes);
  const rubbish: [attempt: string, payload: string, headers: Headers | undefined][] = [
    ["1", "no JSON", headers],
    ["2", "[".repeat(100_000), headers],
    ["3", '{"version":1,"data":{"input":[]}}', headers],
    ["4", text.replace('"version":1', '"version":2'), headers],
    ["5", text, undefined],
    ["x", text, headers],
  ];
  if ((await agentOf(t)) === undefined) return;
  for (const [attempt, payload, sent] of rubbish) {
    const subject = `genesis.v1.step.dispatched.unreadable.s1.${attempt}.word_counter.normal`;
    await client.publish(subject, payload, sent && { ...sent, "Nats-Msg-Id": attempt });
  }
  await dispatch("readable", "one two");
  await answerOn(completedOf("readable"));
  await eventually(() => isSettled("normal"));
  assert.deepEqual(await client.deadLetters(), []);
  assert.equal(await cell.bus.log.read(failedOf("unreadable")), undefined);
});

test("work that takes longer than the ack wait is not given to another", async (t) => {
  if ((await agentOf(t, { WORK_SECONDS: "2.5" })) === undefined) return;
  const deliveries: string[] = [];
  cell.bus.nc.subscribe("$JS.ACK.GENESIS.agent-word_counter-normal.>", {
    callback: (_, message) => void deliveries.push(`${message.subject.split(".")[4]} ${message.string()}`),
  });
  await dispatch("slow", "one two");
  await answerOn(completedOf("slow"));
  await eventually(() => isSettled("normal"));
  // An empty word acknowledges.
  assert.deepEqual([...new Set(deliveries)], ["1 +WPI", "1 "], "delivered once, and kept");
});

test("what an instance that was killed had in hand is done by the next one, and completed once", async (t) => {
  const slow = await agentOf(t, { WORK_SECONDS: "60" });
  if (slow === undefined) return;
  const asked = await dispatch("killed", "one two");
  await eventually(async () => !(await isSettled("normal")));
  slow.kill("SIGKILL");
  await agentOf(t);
  const done = await answerOn(completedOf("killed"));
  assert.equal(done.causationId, asked.id);
  assert.equal((await cell.bus.log.history("killed")).events.length, 2);
  await eventually(() => isSettled("normal"));
});

test("a redelivery of what is answered already is only acknowledged", async (t) => {
  await dispatch("again", "one");
  const first = completed("again", "s1", { words: 99 });
  await append(first);
  if ((await agentOf(t)) === undefined) return;
  await eventually(() => isSettled("normal"));
  assert.deepEqual((await answerOn(completedOf("again"))).data, first.data);
});

test("a run that ends while the agent works stops the work, and nothing is answered", async (t) => {
  if ((await agentOf(t, { WORK_SECONDS: "60" })) === undefined) return;
  const { seq } = await dispatch("cancelled", "one");
  await eventually(async () => !(await isSettled("normal")));
  await append(finished("cancelled", seq));
  await eventually(() => isSettled("normal"));
  assert.equal(await cell.bus.log.read(completedOf("cancelled")), undefined);
  assert.equal(await cell.bus.log.read(failedOf("cancelled")), undefined);
});
