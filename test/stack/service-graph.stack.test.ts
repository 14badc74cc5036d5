import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { choosePorts } from "../../local/ports.ts";
import { PROJECT_ROOT } from "../../shared/config.ts";
import { loneCollector, type LoneCollector } from "../support/collector.ts";
import { eventually } from "../support/eventually.ts";
import { lonePrometheus, type LonePrometheus } from "../support/lone-prometheus.ts";
import { asked, handled, sendMessageSpans, sent } from "../support/message-spans.ts";
import { startOtlpSink, type OtlpSink } from "../support/otlp-sink.ts";
import { prometheusAt } from "../support/prometheus.ts";

// The Collector of docker compose and a real Prometheus, and services that are nothing but spans, as many as it takes.
const COUNTED_WITHIN_MS = 60_000;
const DROPPED = "otelcol_connector_servicegraph_dropped_spans_total";

let sink: OtlpSink;
let collector: LoneCollector;
let behind: LonePrometheus;
let prometheus: ReturnType<typeof prometheusAt>;

before(async () => {
  const { observe } = await choosePorts(0, { services: 0, observe: true });
  sink = await startOtlpSink();
  behind = lonePrometheus(observe.prometheus);
  prometheus = prometheusAt(behind.url);
  collector = await loneCollector({
    tempo: new URL(sink.url).host,
    prometheus: new URL(behind.url).host,
  });
  await Promise.all([behind.start(), collector.start()]);
});
after(async () => {
  await collector.remove();
  await behind.remove();
  await sink.close();
});

/** How many spans wait for their other side at most, in each of the two graphs. */
function mostWaiting(): number {
  const config = parse(readFileSync(join(PROJECT_ROOT, "otel-collector.yaml"), "utf8"), { merge: true });
  return config.connectors["service_graph/to_others"].store.max_items as number;
}

/** Sends one message from here to there and has it handled. */
async function pair(client: string, server: string, template: string): Promise<void> {
  const message = sent(client, template);
  await sendMessageSpans(collector.http, [message, handled(server, message)]);
}

const edge = async (client: string, server: string): Promise<number | undefined> => {
  const query = `sum(traces_service_graph_request_total{client="${client}",server="${server}"})`;
  return (await prometheus.query(query))[0]?.value;
};
const dropped = async (): Promise<number> =>
  (await prometheus.query(`sum(${DROPPED})`)).reduce((sum, { value }) => sum + value, 0);

test("what nobody of a graph handles takes no place in it: edges are counted however much of it comes", async () => {
  const half = mostWaiting() / 2 + 500;
  await sendMessageSpans(collector.http, [
    ...Array.from({ length: half }, () => sent("execution", "genesis.timers.set")),
    ...Array.from({ length: half }, () => sent("execution", "genesis.v1.run.finished")),
    ...Array.from({ length: 100 }, () => asked("agents")),
  ]);
  await pair("htdag", "halo", "genesis.v1.plan.decomposed");
  await pair("aop", "execution", "genesis.v1.plan.validated");
  await eventually(
    async () => (await edge("htdag", "halo")) === 1 && (await edge("aop", "execution")) === 1,
    COUNTED_WITHIN_MS,
  );
  assert.equal(await dropped(), 0);
});

test("what is meant for one graph takes no place in the other; a full one says so, which the alert asks for", async () => {
  const tooMany = mostWaiting() + 1000;
  await sendMessageSpans(
    collector.http,
    Array.from({ length: tooMany }, () => sent("execution", "genesis.v1.step.dispatched")),
  );
  await eventually(async () => (await dropped()) === 1000, COUNTED_WITHIN_MS);
  await pair("execution", "agents", "genesis.v1.step.dispatched");
  await pair("agents", "execution", "genesis.v1.step.completed");
  await eventually(async () => (await edge("agents", "execution")) === 1, COUNTED_WITHIN_MS);
  await eventually(async () => (await dropped()) === 1002, COUNTED_WITHIN_MS);
  assert.equal(await edge("execution", "agents"), undefined);
});
