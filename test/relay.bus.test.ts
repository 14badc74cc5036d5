import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import type { Outcome } from "./support/audited-end.ts";
import { audit } from "./support/auditor.ts";
import { eventually } from "./support/eventually.ts";
import { factOf, traceIdOf, type Fact } from "./support/fact-shape.ts";
import { bodyOf, hex32, runOfInbox, runOfKey, type ForeignClient } from "./support/foreign-client.ts";
import { startInstance, type Instance } from "./support/instance.ts";
import { brokenIn, spansIn, type FileSpan } from "./support/trace-files.ts";

// The whole relay, every service a process of its own, seen by a stranger who has a NATS library and the contract. What the
// first tests leave in the log, the last ones look at.
let instance: Instance;
let client: ForeignClient;
/** Every run of this file, and what it came to. */
const accepted = new Map<string, readonly Outcome[]>();
/** All that was published meanwhile: subject and headers. */
const published: { subject: string; headers: Record<string, string[]> }[] = [];

const CALLER = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };
const CALLERS_TRACE = { traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01` };

before(async () => {
  instance = await startInstance({
    audited: {
      "src/main.ts": "export const answer = 42;\n// TODO: ask the question\n",
      "src/other.py": "print(1)\nprint(2)\nprint(3)\n",
    },
  });
  client = instance.client;
  client.nc.subscribe("genesis.>", {
    callback: (_, { subject, headers }) => {
      const names = headers?.keys() ?? [];
      published.push({
        subject,
        headers: Object.fromEntries(names.map((name) => [name, headers!.values(name)])),
      });
    },
  });
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

test("the door answers with run, correlation and trace; the caller's context is a link and its baggage is gone", async () => {
  const headers = {
    ...CALLERS_TRACE,
    tracestate: "vendor=1",
    baggage: "user=ada",
    "correlation-id": "my-own/2",
  };
  const reply = await client.submit({ goal: "take a course", taskType: "flow_chain" }, headers);
  assert.deepEqual(Object.keys(reply), ["run", "correlationId", "traceId"]);
  const facts = await factsOf(reply["run"]!, "completed");
  assert.deepEqual([reply["correlationId"], reply["traceId"]], ["my-own/2", traceIdOf(facts[0]!)]);
  assert.notEqual(reply["traceId"], CALLER.traceId);
  const root = await eventually(async () =>
    (await spansIn(instance.dir)).find(
      ({ traceId, parentSpanId }) => traceId === reply["traceId"] && !parentSpanId,
    ),
  );
  assert.deepEqual([root.name, root.links], ["publish genesis.v1.task.submitted", [CALLER.traceId]]);
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

test("a chain goes step by step, a fan side by side, and the last steps' outputs are the result", async () => {
  const chain = await endOfFlow("flow_chain", "completed");
  assert.deepEqual(chain.counts, { completed: 5, failed: 0, skipped: 0 });
  assert.deepEqual(chain.result, { s5: { part: 5, saw: ["s4"] } });
  const fan = await endOfFlow("flow_fan", "completed");
  assert.deepEqual(fan.counts, { completed: 11, failed: 0, skipped: 0 });
  const saw = ["s1", "s10", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9"];
  assert.deepEqual(fan.result, { join: { part: 11, saw } });
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

test("a cancelled run ends at once, in its own trace, with the caller's linked", async () => {
  const { run, traceId } = await client.submit({ goal: "take a course", taskType: "flow_slow" });
  await client.waitFor(`genesis.v1.step.dispatched.${run}.s1.1.flow_worker.normal`);
  const signalled = await client.signal(run!, "stop", { kind: "cancel", headers: CALLERS_TRACE });
  assert.equal(signalled.error, undefined);
  const facts = await factsOf(run!, "cancelled");
  assert.deepEqual(facts.at(-1)!.data.counts, { completed: 0, failed: 0, skipped: 1 });
  const spans = await eventually(async () => {
    const own = (await spansIn(instance.dir)).filter((span) => span.traceId === traceId);
    return own.some(({ name }) => name === "process genesis.v1.run.signal") && own;
  });
  const handled = spans.filter(({ name }) => name === "process genesis.v1.run.signal");
  assert.deepEqual(
    handled.map(({ links }) => links),
    [[CALLER.traceId]],
  );
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

test("the log takes nothing a second time, and gives nothing away", async () => {
  const [stored] = await client.readAll("GENESIS", "genesis.v1.run.finished.>");
  const again = await client.publish(stored!.subject, stored!.bytes, {
    ...CALLERS_TRACE,
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

test("every message carries its trace, and what belongs to a run its correlation", () => {
  const ours = published.filter(({ subject }) => !/^genesis\.(tasks|submit)$/.test(subject));
  assert.ok(
    ["v1", "dlq", "timers", "progress"].every((kind) =>
      ours.some(({ subject }) => subject.startsWith(`genesis.${kind}.`)),
    ),
  );
  const untraced = ours.filter(
    ({ headers }) => !/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(headers["traceparent"]?.join() ?? ""),
  );
  assert.deepEqual([...new Set(untraced.map(({ subject }) => subject))], []);
  const correlations = new Map<string, Set<string>>();
  for (const { subject, headers } of ours) {
    const run = /^genesis\.(?:v1\.\w+\.\w+|timers\.set)\.([0-9a-f]{32})\./.exec(subject)?.[1];
    if (run)
      correlations.set(
        run,
        (correlations.get(run) ?? new Set()).add(headers["correlation-id"]?.join() ?? ""),
      );
  }
  assert.deepEqual(
    [...correlations.values()].filter((ids) => ids.size !== 1),
    [],
  );
});

test("each run is one connected trace, and its tree is that of its causes", async () => {
  const facts = (await client.readAll("GENESIS", "genesis.v1.>")).map(factOf);
  const own = facts.filter(({ type }) => type !== "run.signal");
  const spans = await eventually(async () => {
    const written = new Map((await spansIn(instance.dir)).map((span) => [span.spanId, span]));
    const isWritten = (fact: Fact) => written.has(spanIdOf(fact));
    return own.every(isWritten) && brokenIn([...written.values()]).length === 0 && written;
  });
  const byId = new Map(own.map((fact) => [fact.body.id, fact]));
  for (const fact of own) {
    const span = spans.get(spanIdOf(fact))!;
    assert.equal(span.name, `publish genesis.v1.${fact.type}`);
    const cause = byId.get(fact.body.causationId);
    const isLaterPlan = fact.type === "plan.decomposed" && fact.body.rev! > 0;
    if (cause === undefined || isLaterPlan) continue;
    // Of what a timer or a skipped step brings about, the cause was itself written where its own cause was handled.
    const { spanId, parentSpanId = "" } = spans.get(spanIdOf(cause))!;
    const isThere = isBelow(spans, span, spanId) || isBelow(spans, span, parentSpanId);
    assert.ok(isThere, `${fact.subject} is below its cause`);
  }
  for (const { name, parentSpanId } of spans.values()) {
    const [, read] = /^process genesis\.(.+)$/.exec(name) ?? [];
    if (read === undefined || read === "v1.run.signal") continue;
    const sent = read === "timers.fired" ? "timers.set" : read;
    assert.equal(spans.get(parentSpanId!)?.name, `publish genesis.${sent}`, "under what sent the message");
  }
  const later = own.filter(({ type, body }) => type === "plan.decomposed" && body.rev! > 0);
  assert.equal(later.length, 2);
  for (const fact of later) {
    const parent = spans.get(spans.get(spanIdOf(fact))!.parentSpanId!)!;
    assert.equal(parent.name, "publish genesis.v1.task.submitted");
    assert.deepEqual(spans.get(spanIdOf(fact))!.links, [traceIdOf(fact)], "linked to its cause");
  }
});

const spanIdOf = ({ headers }: Fact): string => headers["traceparent"]![0]!.split("-")[2]!;

/** Whether the way up from a span leads to another. */
function isBelow(spans: ReadonlyMap<string, FileSpan>, span: FileSpan, ancestor: string): boolean {
  for (let at: FileSpan | undefined = span; at; at = spans.get(at.parentSpanId ?? ""))
    if (at.spanId === ancestor) return true;
  return false;
}

test("every log line about a run carries the run's correlation id", async () => {
  const correlations = new Map(
    (await client.readAll("GENESIS", "genesis.v1.task.submitted.>"))
      .map(factOf)
      .map(({ run, body }) => [run, body.correlationId]),
  );
  const lines = (await instance.logLines()).filter(({ run }) => run !== undefined);
  assert.ok(lines.length > 0);
  const wrong = lines.filter(({ run, correlation_id }) => correlations.get(String(run)) !== correlation_id);
  assert.deepEqual(wrong, []);
});
