import assert from "node:assert/strict";
import { test } from "node:test";
import { INCIDENTS } from "./incident-pages.ts";
import { askPrometheus, followPage, startIncident } from "./incident.ts";

/** Spans come by way of the Collector, and numbers when they are fetched. */
const TOLD_WITHIN_MS = 90_000;
const POLL_MS = 3000;

/** Looks until what is looked at holds. @throws what does not, after 90 s */
async function untilToldOf<T>(look: () => T): Promise<T> {
  const until = performance.now() + TOLD_WITHIN_MS;
  for (;;) {
    try {
      return look();
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

/** An incident once more, with a Collector and Prometheus: the same page holds, and so does what it says of Prometheus. */
export function testObserved(name: keyof typeof INCIDENTS): void {
  void test(`with --observe, ${name} leads to the same trace by way of Prometheus, and to its alert`, async (t) => {
    const incident = await startIncident([name, "--observe"], INCIDENTS[name]);
    t.after(incident.stop);
    const { traceId } = await untilToldOf(() => followPage(name, incident));
    await untilToldOf(() => {
      const exemplar = askPrometheus(name, incident);
      assert.ok(exemplar.includes(`"trace_id":"${traceId}"`), exemplar);
    });
    const { prometheus } = incident.state.observe!;
    for (const path of ["alerts", "rules"]) {
      const address = `${prometheus}/api/v1/${path}`;
      assert.ok(incident.said().includes(`: ${address}\n`), incident.said());
      assert.equal((await fetch(address)).status, 200);
    }
  });
}
