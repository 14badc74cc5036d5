import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { followPage, startIncident } from "../support/incident.ts";
import { prometheusAt } from "../support/prometheus.ts";

// The slow agent once more, with a Collector and Prometheus: the same page holds, and so does what it says of Prometheus.
const SCRAPED_WITHIN_MS = 60_000;

test("with --observe the slow agent is found out, and Prometheus' longest wait leads to the same trace", async (t) => {
  const incident = await startIncident(["slow-agent", "--observe"], { runs: 8, lastsMs: 60_000 });
  t.after(incident.stop);
  const { traceId } = followPage("slow-agent", incident);
  const prometheus = prometheusAt(incident.state.observe!.prometheus);
  const query = 'messaging_queue_wait_seconds_bucket{template="genesis.v1.step.dispatched"}';
  const longest = async (): Promise<string | undefined> => {
    const exemplars = await prometheus.exemplars(query);
    return exemplars.toSorted((a, b) => b.value - a.value)[0]?.labels["trace_id"];
  };
  await eventually(async () => (await longest()) === traceId, SCRAPED_WITHIN_MS).catch(async () =>
    assert.equal(await longest(), traceId),
  );
});
