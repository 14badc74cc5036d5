import assert from "node:assert/strict";
import { test } from "node:test";
import { INCIDENTS } from "../support/incident-pages.ts";
import { askPrometheus, followPage, startIncident, type StartedIncident } from "../support/incident.ts";

// The incidents once more, with a Collector and Prometheus: the same pages hold, and so does what they say of Prometheus.
const SCRAPED_WITHIN_MS = 90_000;
const POLL_MS = 3000;

/** Waits until all that the page shows of Prometheus comes, and its exemplar leads to the trace. */
async function leadsTo(traceId: string, page: string, incident: StartedIncident): Promise<void> {
  const until = performance.now() + SCRAPED_WITHIN_MS;
  for (;;) {
    try {
      const exemplar = askPrometheus(page, incident);
      return assert.ok(exemplar.includes(`"trace_id":"${traceId}"`), exemplar);
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

for (const [name, expected] of Object.entries(INCIDENTS)) {
  test(`with --observe, ${name} leads to the same trace by way of Prometheus, and to its alert`, async (t) => {
    const incident = await startIncident([name, "--observe"], expected);
    t.after(incident.stop);
    const { traceId } = followPage(name, incident);
    await leadsTo(traceId, name, incident);
    const { prometheus } = incident.state.observe!;
    for (const path of ["alerts", "rules"]) {
      const address = `${prometheus}/api/v1/${path}`;
      assert.ok(incident.said().includes(`: ${address}\n`), incident.said());
      assert.equal((await fetch(address)).status, 200);
    }
  });
}
