import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { PREPARED_QUERIES, queryUrl } from "../../local/prepared-queries.ts";
import { toolPath } from "../../local/stack-tools.ts";
import { childEnvironment, PROJECT_ROOT } from "../../shared/config.ts";
import { ATTRIBUTE, METRICS } from "../../shared/telemetry/names.ts";
import { messageEdges } from "../support/edges.ts";
import { eventually } from "../support/eventually.ts";
import { factOf, traceIdOf, type Fact } from "../support/fact-shape.ts";
import { sendSpan } from "../support/foreign-spans.ts";
import { startInstance, type Instance } from "../support/instance.ts";
import { allFinished } from "../support/load.ts";
import { prometheusAt } from "../support/prometheus.ts";
import { brokenIn, spansIn, type FileSpan } from "../support/trace-files.ts";

// A real Collector and a real Prometheus beside every service, with the configuration that docker-compose.yml gives them.
let instance: Instance;
let prometheus: ReturnType<typeof prometheusAt>;
let facts: Fact[];
/** Everything that the services had to say about the runs, out of the Collector's file. */
let spans: FileSpan[];

/** Two intervals of fetching, on a machine that is busy. */
const TOLD_WITHIN_MS = 60_000;
/** The step of the last one is sent to an agent that is not there, until execution gives it up. */
const TASKS = ["flow_chain", "flow_fan", "flow_retry", "flow_skip", "flow_fail", "puppet_race"];
const LAST_WITHIN_MS = 60_000;

before(async () => {
  instance = await startInstance({ observe: true });
  prometheus = prometheusAt(instance.observers().prometheus);
  const { client } = instance;
  const replies = await Promise.all(
    [...TASKS, ...TASKS].map((taskType) => client.submit({ goal: "go", taskType })),
  );
  const runs = replies.map(({ run }) => run!);
  await allFinished(client, runs, LAST_WITHIN_MS);
  facts = (await client.readAll("GENESIS", "genesis.v1.>")).map(factOf);
  const spanIds = new Set(facts.map(({ headers }) => headers["traceparent"]![0]!.split("-")[2]!));
  spans = await eventually(async () => {
    const found = await spansIn(instance.dir);
    const known = new Set(found.map(({ spanId }) => spanId));
    return [...spanIds].every((id) => known.has(id)) && brokenIn(found).length === 0 && found;
  }, LAST_WITHIN_MS);
});

after(() => instance?.stop());

const count = <T>(items: readonly T[], keyOf: (item: T) => string): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(items, keyOf)].map(([key, group]) => [key, group.length]));

const kindOf = ({ service, name }: FileSpan): string => `${service} ${name}`;

/** Waits until a question has the answer that is wanted, and then shows how it differs where it never has. */
async function settlesAt<T>(ask: () => Promise<T>, wanted: T): Promise<void> {
  const same = async (): Promise<boolean> => {
    try {
      assert.deepEqual(await ask(), wanted);
      return true;
    } catch {
      return false;
    }
  };
  await eventually(same, TOLD_WITHIN_MS).catch(async () => assert.deepEqual(await ask(), wanted));
}

const byLabels = async (query: string, ...labels: string[]): Promise<Record<string, number>> =>
  Object.fromEntries(
    (await prometheus.query(query)).map(({ labels: found, value }) => [
      labels.map((label) => found[label]).join(" "),
      value,
    ]),
  );

test("a task is one trace in the Collector's file: what its messages say and what its spans say agree", () => {
  const tasks = facts.filter(({ type }) => type === "task.submitted");
  assert.equal(tasks.length, 2 * TASKS.length);
  for (const task of tasks) {
    const own = facts.filter(({ run }) => run === task.run).map(traceIdOf);
    assert.deepEqual(new Set(own), new Set([traceIdOf(task)]));
    const services = new Set(
      spans.filter(({ traceId }) => traceId === traceIdOf(task)).map(({ service }) => service),
    );
    for (const service of ["gateway", "htdag", "halo", "aop", "execution"])
      assert.ok(services.has(service), service);
  }
  assert.deepEqual(brokenIn(spans), []);
});

test("nothing is written to the services' own traces files", async () => {
  const instances = new Set(spans.map(({ spanId, instance: process }) => `${spanId} ${process}`));
  assert.equal(instances.size, spans.length, "no span is there twice");
});

test("rate, errors and duration of each kind of span: as many as there are spans", async () => {
  await settlesAt(
    () =>
      byLabels(
        "sum by (service_name, span_name) (traces_span_metrics_calls_total)",
        "service_name",
        "span_name",
      ),
    count(spans, kindOf),
  );
  const durations = await byLabels(
    "sum by (service_name, span_name) (traces_span_metrics_duration_seconds_count)",
    "service_name",
    "span_name",
  );
  assert.deepEqual(durations, count(spans, kindOf));
  const failed = await byLabels(
    'sum by (error_type) (traces_span_metrics_calls_total{status_code="STATUS_CODE_ERROR"})',
    "error_type",
  );
  assert.ok(
    Object.keys(failed).some((code) => code.startsWith("E_")),
    JSON.stringify(failed),
  );
});

test("the service graph has the relay's edges, each hop counted once", async () => {
  const edges = await messageEdges(join(instance.dir, "traces"));
  assert.deepEqual(
    Object.keys(edges).toSorted(),
    [
      "execution execution",
      "execution flow_agent",
      "flow_agent execution",
      "gateway execution",
      "gateway htdag",
      "halo aop",
      "htdag halo",
      "aop execution",
    ].toSorted(),
  );
  await settlesAt(
    () => byLabels("sum by (client, server) (traces_service_graph_request_total)", "client", "server"),
    edges,
  );
});

test("whatever is let into the service graph finds its other side, but what nobody handles", async () => {
  const attempts = facts.filter(({ type }) => type === "step.dispatched");
  const untaken = attempts.filter(({ subject }) => subject.includes(".puppet."));
  assert.equal(untaken.length, 2);
  await settlesAt(
    () =>
      byLabels("sum(otelcol_connector_servicegraph_edges_total) - sum(traces_service_graph_request_total)"),
    { "": untaken.length },
  );
});

test("an exemplar of a service's metric leads to a trace that is there, and so does one of the spans' own", async () => {
  const known = new Set(spans.map(({ traceId, spanId }) => `${traceId} ${spanId}`));
  for (const metric of [`${METRICS.runSeconds.name}_bucket`, "traces_span_metrics_duration_seconds_bucket"]) {
    const found = await eventually(async () => {
      const exemplars = await prometheus.exemplars(metric);
      return exemplars.length > 0 && exemplars;
    }, TOLD_WITHIN_MS);
    for (const { labels } of found) {
      assert.ok(
        known.has(`${labels["trace_id"]} ${labels["span_id"]}`),
        `${metric}: ${JSON.stringify(labels)}`,
      );
    }
  }
});

test("twenty exemplars lead to their trace, from there to the log lines and to the run", async () => {
  const exemplars = (await prometheus.exemplars('{__name__=~".+_(bucket|total)", job!~"genesis/.*"}')).slice(
    0,
    20,
  );
  assert.equal(exemplars.length, 20);
  const lines = await instance.logLines();
  for (const { series, labels } of exemplars) {
    const told = JSON.stringify({ ...series, ...labels });
    const trace = spans.filter(({ traceId }) => traceId === labels["trace_id"]);
    assert.ok(
      trace.some(({ spanId }) => spanId === labels["span_id"]),
      told,
    );
    const correlationId = trace.flatMap(({ attributes }) => attributes[ATTRIBUTE.conversationId] ?? [])[0];
    assert.ok(correlationId, told);
    const logged = lines.filter((line) => line["trace_id"] === labels["trace_id"]);
    assert.ok(logged.length > 0, told);
    for (const line of logged) assert.equal(line["correlation_id"], correlationId);
    const record = facts.filter(({ body }) => body.correlationId === correlationId);
    assert.ok(
      record.some(({ type }) => type === "run.finished"),
      told,
    );
  }
});

test("the metrics count what the log counts", async () => {
  const ends = facts.filter(({ type }) => type === "run.finished");
  // Every outcome is counted from 0 on.
  const none = Object.fromEntries(METRICS.runsFinished.labels.outcome.values.map((outcome) => [outcome, 0]));
  await settlesAt(() => byLabels(`sum by (outcome) (${METRICS.runsFinished.name})`, "outcome"), {
    ...none,
    ...count(ends, ({ data }) => data.outcome as string),
  });
  const dispatched = facts.filter(({ type }) => type === "step.dispatched");
  await settlesAt(() => byLabels(`sum (${METRICS.dispatched.name})`), { "": dispatched.length });
});

test("every service's metrics arrive under their own names, and everything can be reached", async () => {
  const shown = new Set<string>();
  const services = ["gateway", "htdag", "halo", "aop", "execution", "agents", "flow-agent"];
  for (const service of services) {
    const text = await (await fetch(`${instance.httpOf(service)}/metrics`)).text();
    for (const [, name = ""] of text.matchAll(/^([a-z_]\w*)(?:\{| )/gm)) shown.add(name);
  }
  await eventually(async () => {
    const stored = new Set(await prometheus.metricNames());
    return [...shown].every((name) => stored.has(name));
  }, TOLD_WITHIN_MS).catch(async () => {
    const stored = new Set(await prometheus.metricNames());
    assert.deepEqual(
      [...shown].filter((name) => !stored.has(name)),
      [],
    );
  });
  const up = Object.fromEntries([...services, "prometheus"].map((service) => [service, 1]));
  await settlesAt(() => byLabels("up", "job"), up);
});

test("what no service may say does not get through", async () => {
  const traceId = await sendSpan(instance.observers().collector, {
    name: "careless ".padEnd(200, "x"),
    resource: { "service.name": "careless", "canary.resource": "canary-1" },
    attributes: { "genesis.run": "a-run", goal: "canary-2", "gen_ai.input.messages": "canary-3" },
    event: { "exception.message": "canary-4", "error.type": "E_AGENT" },
    status: "canary-5",
  });
  const file = join(instance.dir, "traces", "collector.jsonl");
  const line = await eventually(
    () =>
      readFileSync(file, "utf8")
        .split("\n")
        .find((candidate) => candidate.includes(traceId)),
    TOLD_WITHIN_MS,
  );
  assert.ok(!line.includes("canary"), line);
  for (const kept of ["careless", "a-run", "E_AGENT"]) assert.ok(line.includes(kept), kept);
  const [{ resourceSpans } = { resourceSpans: [] }] = [
    JSON.parse(line) as { resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[] },
  ];
  assert.equal(resourceSpans[0]!.scopeSpans[0]!.spans[0]!.name.length, 128);
});

test("the recording rules are loaded, and answer", async () => {
  const file = join(PROJECT_ROOT, "deploy", "prometheus", "recording-rules.yaml");
  const { groups } = parse(readFileSync(file, "utf8")) as { groups: { rules: { record: string }[] }[] };
  const wanted = groups.flatMap(({ rules }) => rules.map(({ record }) => record));
  const rules = await eventually(async () => {
    const found = (await prometheus.rules()).filter(({ name }) => wanted.includes(name));
    return found.every(({ health }) => health !== "unknown") && found;
  }, TOLD_WITHIN_MS);
  for (const record of wanted)
    assert.ok(
      rules.some(({ name }) => name === record),
      record,
    );
  assert.deepEqual(
    rules.filter(({ health }) => health !== "ok"),
    [],
  );
  // A rate needs to see a counter grow, and the runs so far had ended when it was first seen.
  await instance.client.submit({ goal: "go", taskType: "flow_chain" });
  const success = await eventually(async () => {
    const [answer] = await prometheus.query("genesis:run_success:ratio_rate5m");
    return answer !== undefined && !Number.isNaN(answer.value) && answer.value;
  }, TOLD_WITHIN_MS);
  assert.ok(success > 0 && success <= 1, String(success));
});

test("each prepared query has an answer, all of it numbers, at the address that is printed", async () => {
  for (const { asks, query } of PREPARED_QUERIES) {
    const answer = await eventually(async () => {
      const response = await fetch(queryUrl(instance.observers().prometheus, query));
      const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
      return data.result.length > 0 && data.result.map(({ value }) => Number(value[1]));
    }, TOLD_WITHIN_MS).catch(() => assert.fail(`no answer: ${asks}`));
    assert.ok(answer.every(Number.isFinite), `${asks}: ${answer.join(" ")}`);
  }
});

/** Where the Collector counts what it loses. Those of its receivers are there from the first span on. */
const LOST_ON_ARRIVAL = [
  "otelcol_receiver_refused_spans_total",
  "otelcol_receiver_refused_metric_points_total",
  "otelcol_receiver_failed_spans_total",
  "otelcol_receiver_failed_metric_points_total",
];
/** These are there from the first loss on: that the names are right, only the program itself can tell. */
const LOST_LATER = [
  "otelcol_exporter_send_failed_spans_total",
  "otelcol_exporter_send_failed_metric_points_total",
  "otelcol_exporter_enqueue_failed_spans_total",
  "otelcol_exporter_enqueue_failed_metric_points_total",
  "otelcol_connector_servicegraph_dropped_spans_total",
];

test("the Collector tells how it fares, and lost nothing", async () => {
  const stored = await eventually(async () => {
    const names = new Set(await prometheus.metricNames());
    return LOST_ON_ARRIVAL.every((name) => names.has(name)) && names;
  }, TOLD_WITHIN_MS);
  assert.ok(stored.has("otelcol_receiver_accepted_spans_total"));
  const program = readFileSync(toolPath("otelcol", childEnvironment({})));
  for (const name of LOST_LATER) assert.ok(program.includes(name.replace(/_total$/, "")), name);
  const names = [...LOST_ON_ARRIVAL, ...LOST_LATER].join("|");
  assert.deepEqual(await prometheus.query(`{__name__=~"${names}"} > 0`), []);
});
