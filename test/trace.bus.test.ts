import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ATTRIBUTE } from "../shared/telemetry/names.ts";
import { eventually } from "./support/eventually.ts";
import { factOf, traceIdOf, type Fact } from "./support/fact-shape.ts";
import type { ForeignClient } from "./support/foreign-client.ts";
import { startInstance, type Instance } from "./support/instance.ts";
import { allFinished } from "./support/load.ts";
import { brokenIn, spansIn, type FileSpan } from "./support/trace-files.ts";

// What the headers, the traces files and the logs of all processes say about the same runs.
let instance: Instance;
let client: ForeignClient;
/** Every fact of every run. */
let facts: Fact[];
/** All that was sent on the bus: subject and headers. */
const sent: { subject: string; headers: Record<string, string[]> }[] = [];
/** The run that a caller submitted from inside a trace, and cancelled from inside another. */
let called: string;

const SUBMITTER = "4bf92f3577b34da6a3ce929d0e0e4736";
const CANCELLER = "0af7651916cd43dd8448eb211c80319c";
const within = (traceId: string) => ({ traceparent: `00-${traceId}-00f067aa0ba902b7-01` });

before(async () => {
  instance = await startInstance();
  client = instance.client;
  client.nc.subscribe("genesis.>", {
    callback: (_, { subject, headers }) => {
      const names = headers?.keys() ?? [];
      sent.push({ subject, headers: Object.fromEntries(names.map((name) => [name, headers!.values(name)])) });
    },
  });
  called = (
    await client.submit(
      { goal: "wait", taskType: "flow_slow" },
      { ...within(SUBMITTER), tracestate: "vendor=1" },
    )
  )["run"]!;
  await client.waitFor(`genesis.v1.step.dispatched.${called}.s1.1.flow_worker.normal`);
  await client.signal(called, "stop", { kind: "cancel", headers: within(CANCELLER) });
  const tasks = [
    ...["flow_chain", "flow_fan", "flow_retry", "flow_skip", "flow_timeout"].map((taskType) => ({
      goal: "go",
      taskType,
    })),
    { goal: "Launch a SaaS", policy: { minScore: 0.999 } },
  ];
  const replies = await Promise.all(tasks.map((task) => client.submit(task)));
  await client.task("no JSON", { ...within(SUBMITTER), "correlation-id": "of-a-bad-task" });
  await allFinished(client, [called, ...replies.map(({ run }) => run!)], 20_000);
  await eventually(async () => (await client.deadLetters()).length === 1);
  facts = (await client.readAll("GENESIS", "genesis.v1.>")).map(factOf);
});

after(() => instance.stop());

const spanIdOf = ({ headers }: Fact): string => headers["traceparent"]![0]!.split("-")[2]!;

/** The spans of the runs by their ids, once all of them are written. */
async function spansOfRuns(): Promise<Map<string, FileSpan>> {
  const traceIds = new Set(facts.filter(({ type }) => type === "task.submitted").map(traceIdOf));
  return eventually(async () => {
    const spans = (await spansIn(instance.dir)).filter(({ traceId }) => traceIds.has(traceId));
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    const areThere = facts.every((fact) => fact.type === "run.signal" || byId.has(spanIdOf(fact)));
    return areThere && brokenIn(spans).length === 0 && byId;
  });
}

/** Whether the way up from a span leads to another. */
function isBelow(spans: ReadonlyMap<string, FileSpan>, span: FileSpan, ancestor: string): boolean {
  for (let at: FileSpan | undefined = span; at; at = spans.get(at.parentSpanId ?? ""))
    if (at.spanId === ancestor) return true;
  return false;
}

test("every message carries the context of who sent it, and what belongs to a run its correlation", () => {
  const ours = sent.filter(({ subject }) => !/^genesis\.(tasks|submit)$/.test(subject));
  for (const kind of ["v1", "dlq", "timers", "progress"])
    assert.ok(
      ours.some(({ subject }) => subject.startsWith(`genesis.${kind}.`)),
      kind,
    );
  const isTraced = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
  const untraced = ours.filter(({ headers }) => !isTraced.test(headers["traceparent"]?.join() ?? ""));
  assert.deepEqual(
    untraced.map(({ subject }) => subject),
    [],
  );
  const correlations = new Map(facts.map(({ run, body }) => [run, body.correlationId]));
  const others = ours.filter(({ subject, headers }) => {
    const run = /^genesis\.(?:v1\.\w+\.\w+|timers\.set)\.(\w+)\./.exec(subject)?.[1];
    return run !== undefined && headers["correlation-id"]?.join() !== correlations.get(run);
  });
  assert.deepEqual(
    others.map(({ subject }) => subject),
    [],
  );
});

test("each run is one trace, and each message is handled under the span that sent it", async () => {
  const spans = await spansOfRuns();
  const handled = [...spans.values()].filter(({ name }) =>
    /^process genesis\.(?!v1\.run\.signal)/.test(name),
  );
  assert.ok(handled.length > 50);
  for (const { name, parentSpanId } of handled) {
    const sender = name.replace("process", "publish").replace("timers.fired", "timers.set");
    assert.equal(spans.get(parentSpanId!)?.name, sender);
  }
});

test("the tree of a trace is the tree of the run's causes", async () => {
  const spans = await spansOfRuns();
  const byId = new Map(facts.map((fact) => [fact.body.id, fact]));
  for (const fact of facts.filter(({ type }) => type !== "run.signal")) {
    const span = spans.get(spanIdOf(fact))!;
    assert.equal(span.name, `publish genesis.v1.${fact.type}`);
    const cause = byId.get(fact.body.causationId);
    const isLaterPlan = fact.type === "plan.decomposed" && fact.body.rev! > 0;
    if (cause === undefined || cause.type === "run.signal" || isLaterPlan) continue;
    // What a timer or a skipped step brings about is written where the cause of that was handled.
    const { spanId, parentSpanId = "" } = spans.get(spanIdOf(cause))!;
    const isThere = isBelow(spans, span, spanId) || isBelow(spans, span, parentSpanId);
    assert.ok(isThere, `${fact.subject} is below its cause`);
  }
});

test("a later revision stands under the task and links to the rejection before it", async () => {
  const spans = await spansOfRuns();
  const later = facts.filter(({ type, body }) => type === "plan.decomposed" && body.rev! > 0);
  assert.equal(later.length, 2);
  for (const { parentSpanId, links } of later.map((fact) => spans.get(spanIdOf(fact))!)) {
    assert.equal(spans.get(parentSpanId!)!.name, "publish genesis.v1.task.submitted");
    assert.deepEqual(
      links.map(({ spanId }) => spans.get(spanId)?.name),
      ["process genesis.v1.plan.rejected"],
    );
  }
});

test("a join links to all the results that it waited for", async () => {
  const spans = await spansOfRuns();
  const join = facts.find(({ subject }) => /step\.dispatched\.\w+\.join\./.test(subject))!;
  const cause = facts.find(({ body }) => body.id === join.body.causationId)!;
  const results = facts.filter(({ type, run }) => type === "step.completed" && run === join.run);
  const others = results.filter(({ rest }) => rest[0] !== "join" && rest[0] !== cause.rest[0]);
  assert.equal(others.length, 9);
  const linked = spans.get(spanIdOf(join))!.links.map(({ spanId }) => spanId);
  assert.deepEqual(linked.toSorted(), others.map(spanIdOf).toSorted());
});

test("each attempt of a step is handled in a span of its own, which says which attempt it is", async () => {
  const spans = await spansOfRuns();
  const attempts = facts.filter(({ subject }) =>
    /step\.dispatched\.\w+\.s1\.\d\.flow_worker\.normal$/.test(subject),
  );
  const again = attempts.find(({ rest }) => rest[1] === "2")!;
  const told = attempts
    .filter(({ run }) => run === again.run)
    .map((dispatched) => {
      const isItsOwn = ({ parentSpanId, name }: FileSpan) =>
        parentSpanId === spanIdOf(dispatched) && name.startsWith("process");
      return [...spans.values()].filter(isItsOwn).map(({ attributes }) => attributes[ATTRIBUTE.attempt]);
    });
  assert.deepEqual(told, [["1"], ["2"]]);
});

test("contexts from outside are linked: a fresh trace starts at the door, and a signal stays in the run's", async () => {
  const spans = [...(await spansOfRuns()).values()];
  const own = facts.find(({ run }) => run === called)!;
  assert.ok(![SUBMITTER, CANCELLER].includes(traceIdOf(own)));
  const linkedTo = (traceId: string): FileSpan[] =>
    spans.filter(({ links }) => links.some((link) => link.traceId === traceId));
  const [root, ...others] = linkedTo(SUBMITTER);
  assert.deepEqual([root!.traceId, root!.parentSpanId, others.length], [traceIdOf(own), undefined, 0]);
  const signals = linkedTo(CANCELLER);
  assert.deepEqual(
    signals.map(({ name, traceId }) => [name, traceId]),
    [["process genesis.v1.run.signal", traceIdOf(own)]],
  );
});

test("a dead letter keeps the correlation id that its message has", async () => {
  const [letter] = await client.deadLetters();
  assert.deepEqual(letter!.headers["correlation-id"], ["of-a-bad-task"]);
});

test("every log line about a run carries the run's correlation id", async () => {
  const correlations = new Map(facts.map(({ run, body }) => [run, body.correlationId]));
  const lines = (await instance.logLines()).filter(({ run }) => run !== undefined);
  assert.ok(lines.length > 0);
  assert.deepEqual(
    lines.filter(({ run, correlation_id }) => correlations.get(String(run)) !== correlation_id),
    [],
  );
});
