import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import type { Span } from "../cli/trace/span.ts";
import { childEnvironment } from "../shared/config.ts";
import { ATTRIBUTE, LOG_KEYS, METRICS, SPAN_EVENTS, type MetricRow } from "../shared/telemetry/names.ts";
import { eventually } from "./support/eventually.ts";
import { startKeeper, type Keeper } from "./support/keeper.ts";
import { LOG_QUERIES } from "./support/log-queries.ts";
import { notRun } from "./support/not-run.ts";
import { hasProgram } from "./support/programs.ts";
import { isNamed } from "./support/span-names.ts";

// What the telemetry of every process says about the same runs, and what it must never say.
const CANARY = "cAnArY";
/** A different one for each place, so that a leak says where it came from. */
const canary = (place: string): string => `${CANARY}-${place}`;

let keeper: Keeper;
let runs: { run: string; traceId: string; correlationId: string }[];
/** The run whose steps succeed, and the one whose step was given up. */
let good: (typeof runs)[number];
let bad: (typeof runs)[number];

before(async () => {
  keeper = await startKeeper();
  const { client } = keeper;
  const told = {
    goal: canary("goal"),
    context: { [canary("context-key")]: canary("context") },
    labels: { [canary("label-key")]: canary("label") },
  };
  const headers = {
    "x-secret": canary("header"),
    "idempotency-key": canary("key"),
    baggage: `a=${canary("baggage")}`,
  };
  const tasks = ["keep_return", "keep_throw", "keep_retry", "keep_end"].map((taskType) => ({
    ...told,
    taskType,
    input: { secret: canary(`input-${taskType}`), [canary("input-key")]: 1 },
  }));
  const accepted = await Promise.all([
    ...tasks.map((task, i) => client.submit(task, { ...headers, "idempotency-key": canary(`key-${i}`) })),
    client.submit({ ...told, taskType: "keep_pair" }, { "x-secret": canary("header") }),
  ]);
  runs = accepted as unknown as typeof runs;
  good = runs[0]!;
  bad = runs[3]!;
  await client.submit({
    goal: canary("bad-goal"),
    labels: { [canary("bad-label")]: 7 },
    [canary("field")]: 1,
  });
  await client.task(`{"goal": "${canary("half")}`, { "x-secret": canary("header") });
  await client.task({ goal: "g", labels: { [canary("bad-label")]: 7 }, policy: canary("policy") });
  const inboxed = await client.task({ ...told, taskType: "keep_return", input: { secret: canary("inbox") } });
  assert.equal(inboxed.error, undefined);
  await Promise.all(runs.map(({ run }) => client.finished(run)));
  await client.signal(good.run, "late", { kind: "cancel", headers: { "x-secret": canary("signal") } });
  // What cannot be read is told of by its headers, which say what they like.
  const unreadable = await client.publish(`genesis.v1.run.signal.${good.run}.garbled`, "{", {
    "correlation-id": `${canary("correlation")} ${"x".repeat(2000)}`,
    "Nats-Msg-Id": `${canary("message")} with blanks`,
    traceparent: `00-${good.traceId}-00f067aa0ba902b7-01`,
  });
  assert.equal(unreadable.error, undefined);
  await eventually(async () => (await client.readAll("GENESIS", "genesis.v1.run.finished.>")).length === 6);
  await eventually(async () => (await client.deadLetters()).length === 3);
  await eventually(async () => {
    const summaries = (await keeper.spans()).filter(({ name }) => name.startsWith("invoke_workflow"));
    return summaries.length === 6;
  });
});

after(() => keeper.stop());

const spansOf = async (trace: { traceId: string }): Promise<Span[]> =>
  (await keeper.spans()).filter(({ traceId }) => traceId === trace.traceId);

test("nothing that a user, a header, an agent or an error says is in any span, metric or log", async () => {
  const told = await keeper.everything();
  const leaks = Object.entries(told).flatMap(([where, text]) =>
    [...text.matchAll(new RegExp(`${CANARY}[a-z_-]*`, "gi"))].map(([what]) => `${where}: ${what}`),
  );
  assert.deepEqual([...new Set(leaks)], []);
  assert.ok(Object.values(told).join().includes(good.run));
});

test("every span, attribute, event and log key that was seen is in the table of names", async () => {
  const spans = await keeper.spans();
  const attributes = new Set<string>(Object.values(ATTRIBUTE));
  const strays = spans.flatMap(({ name, attributes: own, events = [] }) => [
    ...(isNamed(name) ? [] : [name]),
    ...events.filter((event) => !Object.hasOwn(SPAN_EVENTS, event.name)).map((event) => event.name),
    ...[own, ...events.map((event) => event.attributes)]
      .flatMap(Object.keys)
      .filter((key) => !attributes.has(key)),
  ]);
  assert.deepEqual([...new Set(strays)], []);
  const lines = await logLines();
  const keys = new Set(lines.flatMap(Object.keys));
  assert.deepEqual([...keys].filter((key) => !Object.hasOwn(LOG_KEYS, key)).toSorted(), [
    "level",
    "msg",
    "time",
  ]);
});

async function logLines(): Promise<Record<string, unknown>[]> {
  const told = await keeper.everything();
  const files = Object.entries(told).filter(([where]) => /logs\/.*\.jsonl$/.test(where));
  return files.flatMap(([, text]) => text.split("\n").filter(Boolean)).map((line) => JSON.parse(line));
}

test("a run has one summary: under its root, from the storing of its task to its end, with what it came to", async () => {
  const spans = await spansOf(good);
  const [root, ...others] = spans.filter(({ parentSpanId }) => parentSpanId === undefined);
  assert.deepEqual(others, []);
  const [summary, ...more] = spans.filter(({ name }) => name === "invoke_workflow genesis");
  assert.deepEqual(more, []);
  assert.equal(summary!.parentSpanId, root!.spanId);
  assert.ok(summary!.startMs >= root!.startMs);
  const finished = spans.find(({ name }) => name === "publish genesis.v1.run.finished");
  assert.ok(endOf(summary!) >= endOf(finished!));
  const { attributes } = summary!;
  assert.equal(attributes[ATTRIBUTE.run], good.run);
  assert.equal(attributes[ATTRIBUTE.outcome], "completed");
  assert.equal(attributes[ATTRIBUTE.genAiConversation], good.correlationId);
  assert.deepEqual(
    [
      attributes[ATTRIBUTE.stepsCompleted],
      attributes[ATTRIBUTE.genAiInputTokens],
      attributes[ATTRIBUTE.costMicroUsd],
    ],
    [1, 3, 5],
  );
  const failed = (await spansOf(bad)).find(({ name }) => name === "invoke_workflow genesis");
  assert.equal(failed!.error, "E_AGENT");
});

const endOf = ({ startMs, durationMs }: Span): number => startMs + durationMs;

test("every hop tells how long its message waited, also the inbox", async () => {
  const spans = await keeper.spans();
  const handled = spans.filter(({ name }) => name.startsWith("process "));
  assert.ok(handled.length > 30);
  for (const { queueWaitMs } of handled) assert.ok(queueWaitMs! >= 0 && queueWaitMs! < 20_000);
  const roots = spans.filter(({ name }) => name === "publish genesis.v1.task.submitted");
  assert.equal(roots.filter(({ queueWaitMs }) => queueWaitMs !== undefined).length, 1);
});

test("nothing begins a trace but a submission, and the dead letter of what was none", async () => {
  const roots = (await keeper.spans()).filter(({ parentSpanId }) => parentSpanId === undefined);
  const names = Map.groupBy(roots, ({ name }) => name);
  assert.deepEqual([...names.keys()].toSorted(), [
    "publish genesis.dlq",
    "publish genesis.v1.task.submitted",
  ]);
  assert.equal(names.get("publish genesis.v1.task.submitted")!.length, 6);
});

test("no span begins before its parent", async () => {
  const spans = new Map((await keeper.spans()).map((span) => [span.spanId, span]));
  const early = [...spans.values()].filter(({ startMs, parentSpanId = "" }) => {
    const parent = spans.get(parentSpanId);
    return parent !== undefined && startMs < parent.startMs;
  });
  assert.deepEqual(
    early.map(({ name }) => name),
    [],
  );
});

test("a decision is told with its rule, its agent and the others, and without the value that the rule matched", async () => {
  const decided = (await spansOf(good)).find(({ name }) => name === "halo.decide");
  const { attributes, events = [] } = decided!;
  assert.equal(attributes[ATTRIBUTE.ruleId], "keep_secret");
  assert.equal(attributes[ATTRIBUTE.haloAgent], "keeper");
  assert.equal(attributes[ATTRIBUTE.margin], 0.5);
  assert.match(
    String(attributes[ATTRIBUTE.explanation]),
    /^Rule keep_secret matches \(taskType, input\.secret\) and names/,
  );
  assert.deepEqual(
    events.map((event) => event.attributes[ATTRIBUTE.candidateAgent]),
    ["keeper", "bystander"],
  );
});

test("a judged plan is told with its checks and its evaluation", async () => {
  const spans = await spansOf(good);
  const evaluated = spans.find(({ name }) => name === "aop.evaluate_quality");
  const [event] = evaluated!.events!;
  assert.equal(event!.name, "gen_ai.evaluation.result");
  assert.equal(event!.attributes[ATTRIBUTE.genAiEvaluationLabel], "pass");
  assert.equal(
    event!.attributes[ATTRIBUTE.genAiEvaluationScore],
    evaluated!.attributes[ATTRIBUTE.qualityScore],
  );
  const checked = spans.filter(({ name }) => name.startsWith("aop.check."));
  assert.ok(checked.length >= 4);
  for (const { attributes } of checked) assert.equal(attributes[ATTRIBUTE.passed], true);
});

test("an attempt that failed is marked, told once in the log with its ids, and counted", async () => {
  const attempt = (await spansOf(bad)).find(({ name }) => name === "invoke_agent keeper");
  assert.equal(attempt!.error, "E_AGENT");
  assert.equal(attempt!.attributes[ATTRIBUTE.genAiConversation], bad.correlationId);
  const lines = (await logLines()).filter(({ event, run }) => event === "step_failed" && run === bad.run);
  assert.deepEqual(
    lines.map(({ trace_id, span_id, code }) => [trace_id, span_id, code]),
    [[bad.traceId, attempt!.spanId, "E_AGENT"]],
  );
  const metrics = await linesOf("keeper-agent", "exec_step_duration_seconds_count");
  assert.ok(metrics.some((line) => line.includes(`agent="keeper",outcome="failed"`)));
});

async function linesOf(service: string, start: string): Promise<string[]> {
  const { [`${service}/metrics`]: page = "" } = await keeper.everything();
  return page.split("\n").filter((line) => line.startsWith(start));
}

test("each service shows its own metrics of the table, and fewer than 500 series", async () => {
  const known = new Set(Object.values<MetricRow>(METRICS).map(({ name }) => name.replace(/_total$/, "")));
  for (const service of Object.keys(keeper.http)) {
    const types = await linesOf(service, "# TYPE ");
    const own = types.map((line) => line.split(" ")[2]!).filter((name) => !/^(process|nodejs)_/.test(name));
    assert.deepEqual(
      own.filter((name) => !known.has(name)),
      [],
      service,
    );
    const series = (await linesOf(service, "")).filter((line) => line !== "" && !line.startsWith("#"));
    assert.ok(series.length < 500, `${service} has ${series.length}`);
  }
});

test("each service shows what waits for its own durables, and the gateway how large the streams are", async () => {
  for (const [service, durables] of Object.entries({
    gateway: ["gateway"],
    htdag: ["htdag"],
    halo: ["halo"],
    aop: ["aop"],
    execution: ["execution", "execution-timers"],
    "keeper-agent": ["agent-keeper"],
  })) {
    const names = (await linesOf(service, "nats_consumer_pending{")).map(
      (line) => /consumer="([^"]+)"/.exec(line)?.[1],
    );
    assert.deepEqual(names.toSorted(), durables, service);
    assert.equal((await linesOf(service, "nats_consumer_ack_pending{")).length, durables.length);
    assert.deepEqual(await linesOf(service, "nats_healthy "), ["nats_healthy 1"]);
  }
  const streams = (await linesOf("gateway", "nats_stream_bytes{")).map(
    (line) => /stream="([^"]+)"/.exec(line)?.[1],
  );
  const names = ["CLAIMS", "DLQ", "INBOX", "TIMERS"].map((name) => `GENESIS_${name}`);
  assert.deepEqual(streams.toSorted(), ["GENESIS", ...names]);
  assert.equal((await linesOf("gateway", "nats_stream_limit_bytes{")).length, 4);
  assert.ok((await linesOf("halo", `halo_agent_capacity{agent="keeper"} 8`)).length === 1);
  assert.deepEqual(await linesOf("keeper-agent", "exec_inflight{"), [`exec_inflight{agent="keeper"} 0`]);
});

test("a number leads to a trace, the trace to its log lines", async () => {
  const exemplars = (await linesOf("execution", "run_duration_seconds_bucket{")).flatMap((line) => {
    const [, traceId, spanId] = /# \{trace_id="([0-9a-f]{32})",span_id="([0-9a-f]{16})"\}/.exec(line) ?? [];
    return traceId === undefined ? [] : [{ traceId, spanId }];
  });
  assert.ok(exemplars.length > 0);
  const spans = await keeper.spans();
  const lines = await logLines();
  for (const { traceId, spanId } of exemplars) {
    assert.ok(spans.some((span) => span.traceId === traceId && span.spanId === spanId));
    assert.ok(lines.some(({ trace_id, outcome }) => trace_id === traceId && outcome !== undefined));
  }
});

test("what became of every span is counted", async () => {
  const counts = await eventually(async () => {
    const lines = await linesOf("aop", "telemetry_spans_total{");
    const counted = lines.filter((line) => !line.endsWith(" 0"));
    const states = counted.map((line) => /state="(\w+)"\} (\d+)/.exec(line)!);
    const {
      created = 0,
      exported = 0,
      failed = 0,
      dropped = 0,
    } = Object.fromEntries(states.map(([, state, count]) => [state, Number(count)]));
    return created === exported + failed + dropped && { created, failed };
  });
  const written = (await keeper.spans()).filter(({ service }) => service === "aop");
  assert.deepEqual(counts, { created: written.length, failed: 0 });
});

test("the page on logs has a set of queries", () => assert.ok(LOG_QUERIES.length >= 10));

for (const { about, command, finds } of LOG_QUERIES) {
  test(`the query works on real log files: ${about}`, async (t) => {
    if (!hasProgram("jq")) return notRun(t, "jq is not installed");
    const [line] = (await logLines()).filter(({ event }) => event === "step_failed");
    const env = childEnvironment({
      RUN: bad.run,
      CORRELATION: bad.correlationId,
      SPAN: String(line?.["span_id"]),
    });
    const { status, stdout, stderr } = spawnSync("bash", ["-euo", "pipefail", "-c", command], {
      cwd: keeper.dir,
      env,
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    assert.ok(finds, "something is expected of it");
    assert.match(stdout, finds);
  });
}
