import { observe, type Ending } from "../../shared/agent/observe.ts";
import { loadCatalog } from "../../shared/catalog/load.ts";
import { readSettings } from "../../shared/config.ts";
import { agentConsumer } from "../../shared/contract/streams.ts";
import { measureProcessing, measurePublishing } from "../../shared/telemetry/message-metrics.ts";
import {
  collectProcessMetrics,
  countFromZero,
  exposition,
  readGauges,
  recordPoint,
  registerMetricsOf,
} from "../../shared/telemetry/metrics.ts";
import type { Point } from "../../shared/telemetry/names.ts";

/**
 * The agents of the shipped catalogues in one process, all of them at work, and a quarter of them failing as well.
 * Writes its metrics to standard output.
 */
const agents = loadCatalog(readSettings({}).catalog).agents.map(({ name }) => name);

collectProcessMetrics();
registerMetricsOf("agents");
for (const agent of agents) countFromZero("cost", { agent });
readGauges(async () =>
  agents.flatMap((agent): Point[] => [
    { metric: "inflight", labels: { agent }, value: 1 },
    { metric: "consumerPending", labels: { consumer: `agent-${agent}` }, value: 0 },
    { metric: "consumerAckPending", labels: { consumer: `agent-${agent}` }, value: 1 },
  ]),
);
await exposition();

for (const [i, agent] of agents.entries()) {
  await attempt(agent, { outcome: "completed" });
  if (i % 4 === 0) await attempt(agent, { outcome: "failed", error: "E_AGENT" });
}
process.stdout.write((await exposition()).body);

async function attempt(agent: string, ending: Ending): Promise<void> {
  const dispatch = {
    template: "genesis.v1.step.dispatched",
    consumer: agentConsumer(agent, "normal"),
    deliveryCount: 1,
    queueWaitMs: 1,
  };
  await measureProcessing(dispatch, async () => {
    const { points = [] } = observe({ agent, durationMs: 40, ending, usage: { costMicroUsd: 5 } });
    for (const point of points) recordPoint(point);
    for (const type of ["started", ending.outcome])
      await measurePublishing({ template: `genesis.v1.step.${type}`, stream: "GENESIS" }, async () => {});
    await measurePublishing({ template: "claims", stream: "GENESIS_CLAIMS" }, async () => {});
  });
}
