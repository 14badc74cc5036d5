import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Outcome } from "./support/audited-end.ts";
import { audit } from "./support/auditor.ts";
import { eventually } from "./support/eventually.ts";
import { factOf, type Fact } from "./support/fact-shape.ts";
import { foreignClient, type ForeignClient, type PubAck } from "./support/foreign-client.ts";
import { runOfKey } from "./support/stored-message.ts";
import { startInstance, type Instance } from "./support/instance.ts";
import { allFinished, announced, isAllHandled, shortenAckWait } from "./support/load.ts";
import { complete, dispatchOf, fail } from "./support/puppet.ts";

// What happens when two things happen at once. Where it matters who was first, the order of the log says so, and nothing else.
let instance: Instance;
let client: ForeignClient;

before(async () => {
  instance = await startInstance();
  client = instance.client;
  await shortenAckWait(client, 2);
});

after(() => instance.stop());

/** Hands a task of a task type in. @returns its run */
async function begin(taskType: string, more: Record<string, unknown> = {}): Promise<string> {
  return (await client.submit({ goal: "race", taskType, ...more }))["run"]!;
}

/** The facts of a run that has ended, audited. */
async function audited(run: string, ...outcomes: Outcome[]): Promise<Fact[]> {
  await client.finished(run);
  const history = await client.history(run);
  assert.deepEqual(audit(history, new Map([[run, outcomes]])), []);
  return history.map(factOf);
}

/** The task, three of its plan, two a step, the end. */
const FACTS_OF_A_CHAIN = 4 + 2 * 5 + 1;

const typesOf = (facts: readonly Fact[]): string[] => facts.map(({ type }) => type);
const endIn = (facts: readonly Fact[]): Fact["data"] =>
  facts.find(({ type }) => type === "run.finished")!.data;

describe("a result against the time-out", () => {
  test("whichever is stored first is the end of the step, and the other one changes nothing", async () => {
    const offsetsMs = Array.from({ length: 24 }, (_, i) => -150 + 25 * i);
    const runs = await Promise.all(offsetsMs.map(() => begin("puppet_race")));
    await Promise.all(
      runs.map(async (run, i) => {
        const dispatched = await dispatchOf(client, run, "s1");
        const dueMs = Number(dispatched.storedAtNs / 1_000_000n) + dispatched.data.timeoutMs;
        await sleep(Math.max(0, dueMs + offsetsMs[i]! - Date.now()));
        await complete(client, dispatched);
      }),
    );
    await allFinished(client, runs, 20_000);
    for (const run of runs) {
      const facts = await audited(run, "completed", "failed");
      const first = facts.find(({ type }) => type === "step.completed" || type === "step.failed")!;
      assert.equal(endIn(facts).outcome, first.type.slice("step.".length));
    }
  });

  test("a result in time needs no time-out", async () => {
    const run = await begin("puppet_race");
    await complete(client, await dispatchOf(client, run, "s1"), { in: "time" });
    assert.deepEqual(endIn(await audited(run, "completed")).result, { s1: { in: "time" } });
  });

  test("a result that comes after the end is kept, and nothing follows from it", async () => {
    const run = await begin("puppet_race");
    const dispatched = await dispatchOf(client, run, "s1");
    await client.finished(run);
    assert.equal((await complete(client, dispatched)).error, undefined);
    await eventually(() => isAllHandled(client, "execution"));
    const facts = await audited(run, "failed");
    assert.deepEqual(typesOf(facts).slice(-3), ["step.failed", "run.finished", "step.completed"]);
    assert.equal(endIn(facts).error.code, "E_TIMEOUT");
  });
});

describe("a signal", () => {
  test("against dispatches: after a cancel nothing is dispatched that was not decided before it", async () => {
    const runs = await Promise.all(
      Array.from({ length: FACTS_OF_A_CHAIN }, async (_, i) => {
        const key = `cancel-${i}`;
        const run = runOfKey(key);
        // Sent with the run's fact number i: between any two facts of the chain somewhere.
        const sent = announced(client, `genesis.v1.*.*.${run}.>`, 1 + i).then(() =>
          client.signal(run, "stop", { kind: "cancel" }),
        );
        await client.submit({ goal: "race", taskType: "flow_chain" }, { "idempotency-key": key });
        assert.equal((await sent).error, undefined);
        return run;
      }),
    );
    await allFinished(client, runs, 20_000);
    for (const run of runs) {
      const facts = await audited(run, "cancelled", "completed");
      const signal = facts.find(({ type }) => type === "run.signal")!;
      const seqOf = new Map(facts.map(({ body, seq }) => [body.id, seq]));
      const late = facts.filter(({ type, seq }) => type === "step.dispatched" && seq > signal.seq);
      assert.ok(late.every(({ body }) => seqOf.get(body.causationId)! < signal.seq));
    }
  });

  test("that is sent twice is one, and of several that end a run the first one does", async () => {
    const run = await begin("puppet_pair");
    await dispatchOf(client, run, "s1");
    const first = await client.signal(run, "stop", { kind: "cancel" });
    const again = await client.signal(run, "stop", { kind: "cancel" });
    await client.signal(run, "no", { kind: "reject" });
    assert.deepEqual([first.error, again.error?.err_code], [undefined, 10071]);
    const facts = await audited(run, "cancelled");
    const signals = facts.filter(({ type }) => type === "run.signal");
    assert.equal(signals.length, 2);
    assert.deepEqual(
      [
        ...new Set(
          facts.filter(({ type }) => /skipped|finished/.test(type)).map(({ body }) => body.causationId),
        ),
      ],
      [signals[0]!.body.id],
    );
  });

  test("to reject ends the run as rejected, and those that mean nothing yet change nothing", async () => {
    const rejected = await begin("puppet_pair");
    await dispatchOf(client, rejected, "s1");
    await client.signal(rejected, "no", { kind: "reject" });
    assert.deepEqual(endIn(await audited(rejected, "rejected")).counts, {
      completed: 0,
      failed: 0,
      skipped: 1,
    });

    const run = await begin("puppet_pair");
    const dispatched = await dispatchOf(client, run, "s1");
    for (const kind of ["pause", "resume", "approve", "event"]) await client.signal(run, kind, { kind });
    await complete(client, dispatched);
    await complete(client, await dispatchOf(client, run, "s2"));
    assert.deepEqual(endIn(await audited(run, "completed")).counts, { completed: 2, failed: 0, skipped: 0 });
  });
});

/** Begins a run whose planner stands still, and has it end before there is a plan. @returns its facts, once the planner went on */
async function endedWithoutPlan(
  outcome: Outcome,
  end: (run: string) => Promise<unknown>,
  task = {},
): Promise<Fact[]> {
  const goOn = instance.freeze("htdag");
  const run = await begin("flow_chain", task);
  await end(run);
  await client.finished(run);
  goOn();
  for (const stage of ["htdag", "halo", "aop", "execution"])
    await eventually(() => isAllHandled(client, stage));
  return audited(run, outcome);
}

describe("an end that comes before there is a plan", () => {
  test("by a cancel: the plan that was asked for comes too late to be carried out", async () => {
    const facts = await endedWithoutPlan("cancelled", (run) =>
      client.signal(run, "stop", { kind: "cancel" }),
    );
    assert.deepEqual(typesOf(facts).slice(0, 3), ["task.submitted", "run.signal", "run.finished"]);
    assert.ok(typesOf(facts.slice(3)).every((type) => /^plan\.(decomposed|routed)$/.test(type)));
  });

  test("by the deadline: the same", async () => {
    const deadline = new Date(Date.now() + 500).toISOString();
    const facts = await endedWithoutPlan("expired", async () => {}, { deadline });
    assert.deepEqual(typesOf(facts).slice(0, 2), ["task.submitted", "run.finished"]);
    assert.ok(typesOf(facts.slice(2)).every((type) => /^plan\.(decomposed|routed)$/.test(type)));
  });
});

describe("an attempt", () => {
  test("goes to one agent, whoever asks whom at the same time", async (t) => {
    const other = await foreignClient(instance.url);
    t.after(() => other.close());
    for (let i = 0; i < 30; i++) {
      const filter = `genesis.v1.step.dispatched.nobodys-run.s1.${i + 1}.>`;
      const expected = {
        "Nats-Expected-Last-Subject-Sequence": "0",
        "Nats-Expected-Last-Subject-Sequence-Subject": filter,
      };
      const ask = (who: ForeignClient, agent: string) =>
        who.publish(filter.replace(">", `${agent}.normal`), "{}", expected);
      const answers = await Promise.all([ask(client, "one"), ask(other, "two")]);
      assert.deepEqual(
        answers.map(({ error }) => error?.err_code ?? 0).toSorted((a, b) => a - b),
        [0, 10071],
      );
    }
  });

  test("that somebody dispatched already is not dispatched by execution to another agent", async () => {
    const run = await begin("puppet_pair");
    const first = await dispatchOf(client, run, "s1");
    const title = "Part 2";
    const data = { ...first.data, agent: "stranger", title, effectKey: `${run}.s2` };
    const rest = ["s2", 1, "stranger", "high"];
    await client.write({
      type: "step.dispatched",
      run,
      rest,
      step: "s2",
      attempt: 1,
      causationId: first.body.id,
      data,
    });
    await complete(client, first);
    await eventually(() => isAllHandled(client, "execution"));
    const forged = factOf((await client.get(`genesis.v1.step.dispatched.${run}.${rest.join(".")}`))!);
    assert.equal((await complete(client, forged, "by a stranger")).error, undefined);
    const facts = await client.finished(run).then(() => client.history(run));
    assert.equal(facts.filter(({ subject }) => subject.includes("step.dispatched")).length, 2);
    assert.deepEqual(endIn(facts.map(factOf)).result, { s2: "by a stranger" });
  });

  test("that failed is made again, also when execution dies before it has set the alarm", async () => {
    const run = runOfKey("retry-1");
    const failed = announced(client, `genesis.v1.step.failed.${run}.>`);
    await client.task({ goal: "race", taskType: "flow_retry" }, { "idempotency-key": "retry-1" });
    await failed;
    instance.kill("execution");
    await client.finished(run);
    assert.deepEqual(endIn(await audited(run, "completed")).result, { s1: { attempt: 2 } });
  });

  test("that failed is made again, also when the broker dies that keeps the alarm", async () => {
    const run = runOfKey("retry-2");
    const isSet = announced(client, `genesis.timers.set.${run}.retry.>`);
    await client.task({ goal: "race", taskType: "flow_retry" }, { "idempotency-key": "retry-2" });
    await isSet;
    instance.kill("nats-server");
    await client.finished(run);
    assert.deepEqual(endIn(await audited(run, "completed")).result, { s1: { attempt: 2 } });
  });
});

describe("the deadline", () => {
  test("ends a run that is not done, whatever is still on its way", async () => {
    const deadline = new Date(Date.now() + 1500).toISOString();
    const run = await begin("puppet_pair", { deadline });
    const dispatched = await dispatchOf(client, run, "s1");
    await client.finished(run);
    await complete(client, dispatched);
    await eventually(() => isAllHandled(client, "execution"));
    const facts = await audited(run, "expired");
    assert.deepEqual(typesOf(facts).slice(-3), ["step.skipped", "run.finished", "step.completed"]);
    const { error, counts } = endIn(facts);
    assert.deepEqual([error.code, counts], ["E_TIMEOUT", { completed: 0, failed: 0, skipped: 1 }]);
    assert.deepEqual(
      facts.slice(-3, -1).map(({ body }) => body.causationId),
      [facts[0]!.body.id, facts[0]!.body.id],
    );
  });

  test("of a run that is done means nothing", async () => {
    const run = await begin("puppet_race", { deadline: new Date(Date.now() + 1500).toISOString() });
    await complete(client, await dispatchOf(client, run, "s1"));
    const facts = await audited(run, "completed");
    await eventually(async () => (await timersOf(run)) === 0);
    assert.equal((await client.history(run)).length, facts.length);
  });
});

/** How many wake-ups of a run are set or have fired and are not handled yet. */
async function timersOf(run: string): Promise<number> {
  return (await client.readAll("GENESIS_TIMERS", "genesis.timers.>")).filter(({ subject }) =>
    subject.includes(run),
  ).length;
}

function update(run: string, key: string, baseRev: number): Promise<PubAck> {
  const data = { baseRev, because: "I changed my mind", actor: { kind: "user", name: "ada" } };
  return client.write({ type: "plan.update", run, rest: [key], data });
}

async function refusal(run: string, key: string): Promise<Fact> {
  return factOf(await client.waitFor(`genesis.v1.plan.refused.${run}.${key}`));
}

describe("an update of a running plan", () => {
  test("is refused with its reason, once, and the run goes on", async () => {
    const run = await begin("puppet_pair");
    const dispatched = await dispatchOf(client, run, "s1");
    const asked = [await update(run, "mine", 0), await update(run, "mine", 0), await update(run, "old", 3)];
    assert.deepEqual(
      asked.map(({ error }) => error?.err_code),
      [undefined, 10071, undefined],
    );
    const [mine, old] = [await refusal(run, "mine"), await refusal(run, "old")];
    assert.deepEqual([mine.data.error.code, old.data.error.code], ["E_VALIDATION", "E_STALE"]);
    await complete(client, dispatched);
    await complete(client, await dispatchOf(client, run, "s2"));
    await audited(run, "completed");
  });

  test("that was stored before the end is answered, if need be after it", async () => {
    const run = await begin("puppet_pair");
    await dispatchOf(client, run, "s1");
    const goOn = instance.freeze("htdag");
    await update(run, "mine", 0);
    await client.signal(run, "stop", { kind: "cancel" });
    await client.finished(run);
    goOn();
    assert.equal((await refusal(run, "mine")).data.error.code, "E_VALIDATION");
    assert.deepEqual(typesOf(await audited(run, "cancelled")).slice(-3), [
      "step.skipped",
      "run.finished",
      "plan.refused",
    ]);
  });
});

test("an attempt that its agent gives up is not given up a second time by the time-out", async () => {
  const run = await begin("puppet_race");
  await fail(client, await dispatchOf(client, run, "s1"));
  const facts = await audited(run, "failed");
  assert.deepEqual(
    [endIn(facts).error.code, typesOf(facts).filter((type) => type === "step.failed").length],
    ["E_AGENT", 1],
  );
});
