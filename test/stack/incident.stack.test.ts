import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { genesis } from "../support/genesis.ts";
import { followPage, startIncident } from "../support/incident.ts";
import { prometheusAt } from "../support/prometheus.ts";

// The slow agent once more, with a Collector and Prometheus: the same page holds, and what it says of Prometheus as well.
const SCRAPED_WITHIN_MS = 60_000;

test("with --observe the slow agent is found out from Prometheus' exemplar on", async (t) => {
  const incident = await startIncident(["slow-agent", "--observe"], { runs: 8, lastsMs: 60_000 });
  t.after(incident.stop);
  const prometheus = prometheusAt(incident.state.observe!.prometheus);
  const query = 'messaging_queue_wait_seconds_bucket{template="genesis.v1.step.dispatched"}';
  const longest = await eventually(async () => {
    const exemplars = await prometheus.exemplars(query);
    return exemplars.toSorted((a, b) => b.value - a.value).find(({ value }) => value > 5);
  }, SCRAPED_WITHIN_MS);
  const { stdout } = await genesis(["logs", "--json", "--dir", ".incident"], { cwd: incident.cwd });
  const line = stdout.split("\n").find((one) => one.includes(longest.labels["trace_id"]!))!;
  const { run } = JSON.parse(line) as { run: string };
  const { stdout: trace } = await genesis(["trace", run, "--dir", ".incident"], { cwd: incident.cwd });
  assert.match(trace, /the time went into waiting for a consumer \d\d %/);
  followPage("slow-agent", incident);
});
