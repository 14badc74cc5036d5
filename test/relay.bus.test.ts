import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import type { Outcome } from "./support/audited-end.ts";
import { audit } from "./support/auditor.ts";
import { eventually } from "./support/eventually.ts";
import { factOf, traceIdOf, type Fact } from "./support/fact-shape.ts";
import type { ForeignClient } from "./support/foreign-client.ts";
import { isAllHandled } from "./support/load.ts";
import { complete, dispatchOf } from "./support/puppet.ts";
import { bodyOf, hex32, runOfInbox, runOfKey } from "./support/stored-message.ts";
import { forgeriesOf } from "./support/forgeries.ts";
import { startInstance, type Instance } from "./support/instance.ts";

// The whole relay, every service a process of its own, seen by a stranger who has a NATS library and the contract. What the
// first tests leave in the log, the last ones look at.
let instance: Instance;
let client: ForeignClient;
/** Every run of this file, and what it came to. */
const accepted = new Map<string, readonly Outcome[]>();
before(async () => {
  instance = await startInstance({
    audited: {
      "src/main.ts": "export const answer = 42;\n// TODO: ask the question\n",
      "src/other.py": "print(1)\nprint(2)\nprint(3)\n",
    },
  });
  client = instance.client;
});

after(() => instance.stop());

/** The facts of a run, once it has ended. */
async function factsOf(run: string, outcome: Outcome): Promise<Fact[]> {
  accepted.set(run, [outcome]);
  await client.finished(run);
  const facts = (await client.history(run)).map(factOf);
  assert.equal(facts.at(-1)!.data.outcome, outcome);
  return facts;
}

/** The data of a run's end. */
async function endOf(run: string, outcome: Outcome): Promise<Fact["data"]> {
  return (await factsOf(run, outcome)).at(-1)!.data;
}

/** The end of a run of one of the courses in `catalog/flow`. */
async function endOfFlow(taskType: string, outcome: Outcome): Promise<Fact["data"]> {
  const { run } = await client.submit({ goal: "take a course", taskType });
  return endOf(run!, outcome);
}

test("a bare goal without any header runs to its end, under the id that its place in the inbox gives it", async () => {
  const goOn = instance.freeze("gateway");
  const { stream, seq } = await client.task({ goal: "say hello" });
  const waiting = await client.at(stream, seq);
  goOn();
  assert.ok(waiting, "it waits in the inbox, on disk");
  const facts = await factsOf(runOfInbox(waiting), "completed");
  assert.deepEqual(
    facts.map(({ type }) => type),
    [
      "task.submitted",
      "plan.decomposed",
      "plan.routed",
      "plan.validated",
      "step.dispatched",
      "step.completed",
      "run.finished",
    ],
  );
  const { body, data } = facts[0]!;
  assert.deepEqual(data, {
    requestHash: createHash("sha256").update('{"goal":"say hello"}').digest("hex"),
    deadline: new Date(Date.parse(body.time) + 3_600_000).toISOString(),
    goal: "say hello",
    priority: "normal",
    policy: { maxDepth: 5, maxSteps: 100, maxReplans: 2, minScore: 0.6, profile: "aop-v1" },
  });
  assert.match(body.correlationId, /^[0-9a-f-]{36}$/);
  await eventually(async () => (await client.at(stream, seq)) === undefined);
});

test("whoever can only publish sets a key, computes the run, and reads its end by direct get", async () => {
  await client.task({ goal: "say hello" }, { "idempotency-key": "nats-pub-1", "correlation-id": "my-own/1" });
  const facts = await factsOf(runOfKey("nats-pub-1"), "completed");
  assert.ok(facts.every(({ body }) => body.correlationId === "my-own/1"));
});

test("the door answers with the run, its correlation and its trace", async () => {
  const headers = { "correlation-id": "my-own/2", baggage: "user=ada" };
  const reply = await client.submit({ goal: "take a course", taskType: "flow_chain" }, headers);
  const [task] = await factsOf(reply["run"]!, "completed");
  assert.deepEqual(reply, { run: task!.run, correlationId: "my-own/2", traceId: traceIdOf(task!) });
});

test("a key stands for one run: the same payload gives it back, another one is a conflict at both doors", async () => {
  const headers = { "idempotency-key": "twice" };
  const task = { goal: "take a course", taskType: "flow_noop" };
  const first = await client.submit(task, headers);
  await endOf(first["run"]!, "completed");
  assert.deepEqual(await client.submit(task, headers), first);
  assert.deepEqual(await client.submit({ ...task, goal: "another" }, headers), {
    code: "E_CONFLICT",
    message: "The idempotency key was used before with another payload.",
    retryable: false,
    details: [],
  });
  await client.task(task, headers);
  const { seq } = await client.task({ ...task, goal: "another" }, { ...headers, "correlation-id": "c-1" });
  const letter = await eventually(async () =>
    (await client.deadLetters()).find((record) => bodyOf(record)["sequence"] === seq),
  );
  assert.match(letter.subject, /^genesis\.dlq\.gateway\.E_CONFLICT\.[0-9a-f]{32}$/);
  assert.deepEqual(letter.headers["correlation-id"], ["c-1"]);
  assert.equal((await client.history(first["run"]!)).length, 7, "the run is the one it was");
});

test("a key that many use at once is one run, and all of them are told so", async () => {
  const headers = { "idempotency-key": "together" };
  const task = { goal: "take a course", taskType: "flow_noop" };
  const many = Array.from({ length: 20 });
  const replies = await Promise.all(many.map(() => client.submit(task, headers)));
  await Promise.all(many.map(() => client.task(task, headers)));
  assert.equal(new Set(replies.map((reply) => JSON.stringify(reply))).size, 1);
  assert.equal(replies[0]!["run"], runOfKey("together"));
  await eventually(() => isAllHandled(client, "gateway"));
  assert.equal((await factsOf(runOfKey("together"), "completed")).length, 7);
});

test("a chain goes step by step, a fan side by side, and the last steps' outputs are the result", async () => {
  const chain = await endOfFlow("flow_chain", "completed");
  assert.deepEqual(chain.counts, { completed: 5, failed: 0, skipped: 0 });
  assert.deepEqual(chain.result, { s5: { part: 5, saw: ["s4"] } });
  const fan = await endOfFlow("flow_fan", "completed");
  assert.deepEqual(fan.counts, { completed: 11, failed: 0, skipped: 0 });
  const saw = ["s1", "s10", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9"];
  assert.deepEqual(fan.result, { join: { part: 11, saw } });
});

test("outputs that are too large to stand inline are referred to by size and hash, and found there", async () => {
  const { run } = await client.submit({ goal: "be large", taskType: "puppet_pair" });
  const large = "x".repeat(200_000);
  await complete(client, await dispatchOf(client, run!, "s1"), large);
  const second = await dispatchOf(client, run!, "s2");
  const first = await client.get(`genesis.v1.step.completed.${run}.s1`);
  const sha256 = createHash("sha256").update(first!.bytes).digest("hex");
  assert.deepEqual(second.data.results, { s1: { $ref: first!.subject, bytes: first!.bytes.length, sha256 } });
  await complete(client, second, large);
  const { result } = await endOf(run!, "completed");
  assert.deepEqual(
    [
      result.s2.$ref,
      bodyOf<Fact["body"] & Pick<Fact, "data">>((await client.get(result.s2.$ref))!).data.output,
    ],
    [`genesis.v1.step.completed.${run}.s2`, large],
  );
});

test("a failed attempt is made again, half a second later at least", async () => {
  const { run } = await client.submit({ goal: "take a course", taskType: "flow_retry" });
  const facts = await factsOf(run!, "completed");
  const [failed, again] = [facts.find(({ type }) => type === "step.failed")!, facts.at(-3)!];
  assert.equal(again.subject, `genesis.v1.step.dispatched.${run}.s1.2.flow_worker.normal`);
  assert.equal(again.body.causationId, failed.body.id);
  assert.ok(again.storedAtNs - failed.storedAtNs >= 500_000_000n);
  assert.deepEqual(facts.at(-1)!.data.result, { s1: { attempt: 2 } });
});

test("a step's failure ends the run, is stepped over, or comes by time-out", async () => {
  const failed = await endOfFlow("flow_fail", "failed");
  assert.deepEqual([failed.error.code, failed.counts], ["E_AGENT", { completed: 0, failed: 1, skipped: 1 }]);
  const skipped = await endOfFlow("flow_skip", "completed");
  assert.deepEqual(skipped.counts, { completed: 1, failed: 1, skipped: 1 });
  const late = await endOfFlow("flow_timeout", "failed");
  assert.deepEqual([late.error.code, late.counts], ["E_TIMEOUT", { completed: 0, failed: 1, skipped: 1 }]);
});

test("a cancelled run ends at once", async () => {
  const { run } = await client.submit({ goal: "take a course", taskType: "flow_slow" });
  await client.waitFor(`genesis.v1.step.dispatched.${run}.s1.1.flow_worker.normal`);
  assert.equal((await client.signal(run!, "stop", { kind: "cancel" })).error, undefined);
  const { counts } = await endOf(run!, "cancelled");
  assert.deepEqual(counts, { completed: 0, failed: 0, skipped: 1 });
});

test("a business goal runs, with every choice explained, by agents that say that they are simulated", async () => {
  const { run } = await client.submit({ goal: "Launch a SaaS for gardeners" });
  const facts = await factsOf(run!, "completed");
  const outputs = facts.filter(({ type }) => type === "step.completed").map(({ data }) => data.output);
  assert.equal(outputs.length, 12);
  assert.ok(outputs.every(({ simulated, text }) => simulated === true && /simulated/i.test(text)));
  const { assignments } = facts.find(({ type }) => type === "plan.routed")!.data;
  assert.equal(assignments.length, 12);
  for (const { agent, decision } of assignments) assert.match(decision.explanation, new RegExp(agent));
});

test("an audit is real: it counts what is there", async () => {
  const { run } = await client.submit({ goal: "Audit this repository" });
  const { result } = await endOf(run!, "completed");
  const { markdown, path } = result["audit-report"];
  assert.equal(await readFile(path, "utf8"), markdown);
  for (const line of [
    "| Python | 1 | 3 | 27 |",
    "| src/main.ts | 2 | TODO | // TODO: ask the question |",
    "| Ada | 1 |",
  ])
    assert.ok(markdown.includes(line), line);
});

test("a plan that is not good enough is rejected with its findings, each revision another one", async () => {
  const { run } = await client.submit({ goal: "Launch a SaaS", policy: { minScore: 0.999 } });
  const facts = await factsOf(run!, "rejected");
  const verdicts = facts.filter(({ type }) => type === "plan.rejected");
  assert.deepEqual(
    verdicts.map(({ data }) => data.final),
    [false, false, true],
  );
  assert.equal(new Set(verdicts.map(({ data }) => data.planHash)).size, 3);
  for (const { data } of verdicts) {
    const [finding] = data.checks.flatMap((check: { findings: object[] }) => check.findings);
    assert.match(finding.message, /asks for 0\.999/);
  }
  assert.deepEqual(facts.at(-1)!.data.counts, { completed: 0, failed: 0, skipped: 0 });
  assert.equal(facts.at(-1)!.data.error.code, "E_VALIDATION");
});

test("all that stands in the log is as the contract says", async () => {
  const log = await client.readAll("GENESIS", "genesis.v1.>");
  assert.ok(log.length > 150);
  assert.deepEqual(audit(log, accepted), []);
});

test("the auditor who says so would have noticed", async () => {
  const log = await client.readAll("GENESIS", "genesis.v1.>");
  const retried = log.find(({ subject }) => subject.includes(".s1.2."))!.subject.split(".")[4]!;
  const forgeries = Object.entries(forgeriesOf(log, retried));
  const unnoticed = forgeries.filter(([, forged]) => audit(forged, accepted).length === 0);
  assert.deepEqual(
    unnoticed.map(([what]) => what),
    [],
  );
});

test("the log takes nothing a second time, and gives nothing away", async () => {
  const [stored] = await client.readAll("GENESIS", "genesis.v1.run.finished.>");
  const again = await client.publish(stored!.subject, stored!.bytes, {
    "Nats-Msg-Id": hex32("another"),
  });
  assert.equal(again.error?.err_code, 10077);
  const api = async (verb: string, body: object) =>
    bodyOf<{ error?: object }>({
      bytes: await client.ask(`$JS.API.STREAM.${verb}.GENESIS`, JSON.stringify(body)),
    });
  assert.ok((await api("MSG.DELETE", { seq: stored!.seq })).error);
  assert.ok((await api("PURGE", {})).error);
});
