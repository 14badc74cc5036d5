import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertDeadLetter } from "./support/dead-letter.ts";
import { eventually } from "./support/eventually.ts";
import { factOf, type Fact } from "./support/fact-shape.ts";
import type { ForeignClient, Headers } from "./support/foreign-client.ts";
import { startInstance, type Instance } from "./support/instance.ts";
import { isAllHandled } from "./support/load.ts";
import { MALFORMED_FACTS } from "./support/malformed-facts.ts";
import { complete, dispatchOf } from "./support/puppet.ts";
import { publishRaw } from "./support/raw-nats.ts";
import { bodyOf, hex32, runOfKey, type Stored } from "./support/stored-message.ts";

// Anyone on the bus can write where a fact belongs. What cannot be read as that fact is one dead letter, and ends what waited
// for the fact as the contract says; nothing waits for ever, and nobody falls over.
let instance: Instance;
let client: ForeignClient;
let pids: Record<string, number>;

before(async () => {
  instance = await startInstance();
  client = instance.client;
  pids = instance.pids();
});

after(async () => {
  // Whatever was thrown at them, no process has ended.
  const now = instance.pids();
  await instance.stop();
  assert.deepEqual(now, pids);
});

/** Where the first of the malformed facts stands in the log. */
let firstMalformed: number;

async function begin(taskType: string): Promise<string> {
  return (await client.submit({ goal: "get into trouble", taskType }))["run"]!;
}

/** Puts something where a fact of a run belongs. Its id is its own: the broker remembers ids, whatever their subject. */
async function put(subject: string, payload: string, { hasId = true } = {}): Promise<Stored> {
  const headers: Headers = hasId ? { "Nats-Msg-Id": idOf(subject) } : {};
  const { seq, error } = await client.publish(`genesis.v1.${subject}`, payload, headers);
  assert.equal(error, undefined);
  return (await client.at("GENESIS", seq))!;
}

const idOf = (subject: string): string => `garbage-${subject.replaceAll(".", "-")}`;

async function endOf(run: string): Promise<Fact> {
  return factOf(await client.finished(run));
}

/** The readable facts of a run of one type. */
async function factsOf(run: string, type: string): Promise<Fact[]> {
  const own = (await client.history(run)).filter(({ subject }) => subject.startsWith(`genesis.v1.${type}.`));
  return own.map(factOf);
}

const WRONG_SHAPE = JSON.stringify({ id: "0".repeat(32), type: "plan.decomposed", version: 1 });

describe("an unreadable plan ends its run as failed", () => {
  for (const { type, writer, reads, payload, code, reader } of [
    {
      type: "plan.decomposed",
      writer: "htdag",
      reads: "task.submitted",
      payload: "{",
      code: "E_JSON",
      reader: "halo",
    },
    {
      type: "plan.decomposed",
      writer: "htdag",
      reads: "task.submitted",
      payload: WRONG_SHAPE,
      code: "E_SCHEMA",
      reader: "halo",
    },
    {
      type: "plan.routed",
      writer: "halo",
      reads: "plan.decomposed",
      payload: "\uFEFF{}",
      code: "E_ENCODING",
      reader: "aop",
    },
    {
      type: "plan.validated",
      writer: "aop",
      reads: "plan.routed",
      payload: '{"version":2}',
      code: "E_VERSION",
      reader: "execution",
    },
    {
      type: "plan.rejected",
      writer: "aop",
      reads: "plan.routed",
      payload: "[]",
      code: "E_SCHEMA",
      reader: "htdag",
    },
  ]) {
    test(`${type}: ${code}`, async () => {
      // Its writer stands still meanwhile: it would have been faster.
      const goOn = instance.freeze(writer);
      const run = await begin("flow_noop");
      await eventually(async () => (await factsOf(run, reads)).length === 1);
      const original = await put(`${type}.${run}.0`, payload);
      const end = await endOf(run);
      goOn();
      assert.deepEqual(
        [end.data.outcome, end.data.error.code, end.body.causationId],
        ["failed", code, idOf(`${type}.${run}.0`)],
      );
      await assertDeadLetter(client, { stream: "GENESIS", original, code, service: reader });
      await eventually(() => isAllHandled(client, writer));
      assert.deepEqual(await factsOf(run, "step.dispatched"), []);
    });
  }

  test("also where nothing says what its id is", async () => {
    const goOn = instance.freeze("htdag");
    const run = await begin("flow_noop");
    const original = await put(`plan.decomposed.${run}.0`, "", { hasId: false });
    const end = await endOf(run);
    goOn();
    assert.deepEqual([end.data.outcome, end.body.causationId], ["failed", ""]);
    await assertDeadLetter(client, { stream: "GENESIS", original, code: "E_JSON", service: "halo" });
  });

  test("and one that can be read, but is validated by a hash that is not its own, does too", async () => {
    const goOn = instance.freeze("aop");
    const run = await begin("flow_noop");
    const routed = factOf(await client.waitFor(`genesis.v1.plan.routed.${run}.0`));
    const data = { planHash: "0".repeat(64), profile: "aop-v1", score: 1, parts: {}, checks: [] };
    await client.write({ type: "plan.validated", run, rest: [0], rev: 0, causationId: routed.body.id, data });
    const end = await endOf(run);
    goOn();
    assert.deepEqual([end.data.outcome, end.data.error.code], ["failed", "E_VALIDATION"]);
    await eventually(() => isAllHandled(client, "aop"));
    assert.deepEqual(await factsOf(run, "step.dispatched"), []);
  });
});

describe("an unreadable result is the failure of its step", () => {
  test("when it comes while the step is at work", async () => {
    const run = await begin("puppet_pair");
    const dispatched = await dispatchOf(client, run, "s1");
    const original = await put(`step.completed.${run}.s1`, "done!");
    const { data } = await endOf(run);
    assert.deepEqual([data.outcome, data.counts], ["failed", { completed: 0, failed: 1, skipped: 1 }]);
    const [failed, ...more] = await factsOf(run, "step.failed");
    assert.deepEqual([failed!.rest, failed!.data.error.code, more.length], [["s1", "1"], "E_SCHEMA", 0]);
    assert.equal(failed!.body.causationId, idOf(`step.completed.${run}.s1`));
    await assertDeadLetter(client, { stream: "GENESIS", original, code: "E_JSON", service: "execution" });
    assert.equal((await complete(client, dispatched)).error?.err_code, 10071, "its place is taken");
  });

  test("when it stands there before the step has begun", async () => {
    const run = await begin("puppet_pair");
    const first = await dispatchOf(client, run, "s1");
    await put(`step.completed.${run}.s2`, "done!");
    await complete(client, first);
    const { data } = await endOf(run);
    assert.deepEqual([data.outcome, data.counts], ["failed", { completed: 1, failed: 1, skipped: 0 }]);
    const [failed] = await factsOf(run, "step.failed");
    const second = await dispatchOf(client, run, "s2");
    assert.deepEqual([failed!.rest, failed!.body.causationId], [["s2", "1"], second.body.id]);
  });
});

describe("an unreadable fact that nobody acts on is one dead letter of execution", () => {
  for (const rest of [
    "step.dispatched.nobodys-run.s1.1.flow_worker.normal",
    "step.dispatched.nobodys-run.s1.1.no_such_agent.normal",
    "step.dispatched.nobodys-run.s1",
    "step.skipped.nobodys-run.s1",
    "plan.refused.nobodys-run.mine",
    "run.finished.nobodys-run.once",
  ])
    test(rest, async () => {
      const original = await put(rest, "[]");
      const code = rest.split(".").length === 4 && rest.startsWith("step.dispatched") ? "E_ID" : "E_SCHEMA";
      await assertDeadLetter(client, { stream: "GENESIS", original, code, service: "execution" });
    });
});

describe("what only steers a run is only dead-lettered when it cannot be read", () => {
  for (const [what, rest, service] of [
    ["run.signal", "stop", "execution"],
    ["plan.update", "mine", "htdag"],
  ] as const) {
    test(what, async () => {
      const run = await begin("puppet_race");
      const dispatched = await dispatchOf(client, run, "s1");
      const original = await put(`${what}.${run}.${rest}`, "cancel!");
      await assertDeadLetter(client, { stream: "GENESIS", original, code: "E_JSON", service });
      await complete(client, dispatched);
      assert.equal((await endOf(run)).data.outcome, "completed");
      assert.deepEqual(await factsOf(run, "plan.refused"), []);
    });
  }
});

describe("a malformed fact is one dead letter of whoever reads it", () => {
  before(async () => {
    const messages = MALFORMED_FACTS.map(({ rest, payload, block = "" }) => ({
      subject: `genesis.v1.plan.decomposed.${rest}`,
      payload,
      ...(block !== "" && { block }),
    }));
    const { seq } = await put("plan.decomposed.before-them-all.0", "{}");
    await publishRaw(Number(new URL(instance.url).port), messages);
    firstMalformed = seq + 1;
  });

  for (const [i, { what, code, payload }] of MALFORMED_FACTS.entries()) {
    test(`${what}: ${code}`, async () => {
      const original = (await client.at("GENESIS", firstMalformed + i))!;
      assert.deepEqual(Buffer.from(original.bytes), Buffer.from(payload as string), "it was stored");
      await assertDeadLetter(client, { stream: "GENESIS", original, code, service: "halo" });
    });
  }

  test("and holds nobody up", async () => {
    assert.equal((await endOf(await begin("flow_chain"))).data.outcome, "completed");
  });
});

test("what stands under a run's id before its task is no part of it", async () => {
  const run = runOfKey("early");
  const subject = `genesis.v1.run.signal.${run}.stop`;
  const body = {
    id: hex32(`${subject}|`),
    type: "run.signal",
    version: 1,
    run,
    causationId: "",
    correlationId: "c",
    time: new Date().toISOString(),
    data: { kind: "cancel", actor: { kind: "user", name: "too early" } },
  };
  assert.equal((await client.publish(subject, JSON.stringify(body))).error, undefined);
  const task = { goal: "begin after all", taskType: "flow_noop" };
  await client.submit(task, { "idempotency-key": "early" });
  assert.equal((await endOf(run)).data.outcome, "completed");
});

test("an unreadable task is no run: what follows under its id is ignored", async () => {
  const original = await put("task.submitted.never-a-run.once", "{}");
  await assertDeadLetter(client, { stream: "GENESIS", original, code: "E_SCHEMA", service: "htdag" });
  await put("plan.decomposed.never-a-run.0", "{}");
  await put("run.signal.never-a-run.stop", "{}");
  await eventually(
    async () => (await isAllHandled(client, "execution")) && (await isAllHandled(client, "halo")),
  );
  assert.equal((await client.history("never-a-run")).length, 3);
  const places = (await client.deadLetters()).map((letter) => bodyOf(letter)["sequence"]);
  assert.equal(new Set(places).size, places.length, "no message has two dead letters");
});
