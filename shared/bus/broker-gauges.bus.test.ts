import assert from "node:assert/strict";
import { before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { decomposed } from "../../test/support/facts.ts";
import { growthOf, linesOf, valueOf } from "../../test/support/metrics.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import { agentConsumer } from "../contract/streams.ts";
import { LANES } from "../contract/subjects.ts";
import { watchConnection, watchDurable, watchStreams } from "./broker-gauges.ts";

/** A little longer than what was read holds. */
const GAUGES_HOLD_MS = 5100;

let cell: TestCell;
before(async () => {
  cell = await startCell(["a", "b", "c"].map((name) => ({ name, concurrency: 1 })));
});

const pendingOf = (consumer: string): Promise<number> =>
  valueOf(`nats_consumer_pending{consumer="${consumer}"}`);

test("how much waits for a service's durables is what the broker says, the lanes of an agent taken together", async () => {
  for (const run of ["one", "two", "three"])
    await cell.bus.log.append({ event: decomposed(run), expect: "subject" }, { correlationId: "c" });
  watchDurable(cell.bus, { stream: "log", durable: "halo" });
  watchDurable(cell.bus, { stream: "timers", durable: "execution-timers" });
  // More than are asked for one by one.
  for (const agent of ["a", "b", "c"])
    for (const lane of LANES) watchDurable(cell.bus, { stream: "log", durable: agentConsumer(agent, lane) });
  watchStreams(cell.bus);
  watchConnection(cell.bus);
  assert.equal(await pendingOf("halo"), 3);
  assert.equal(await valueOf(`nats_consumer_ack_pending{consumer="halo"}`), 0);
  assert.deepEqual(
    (await linesOf("nats_consumer_pending{")).map((line) => /consumer="([^"]+)"/.exec(line)![1]!).toSorted(),
    ["agent-a", "agent-b", "agent-c", "execution-timers", "halo"],
  );
  assert.equal(await valueOf(`nats_stream_messages{stream="GENESIS"}`), 3);
  assert.ok((await valueOf(`nats_stream_bytes{stream="GENESIS"}`)) > 100);
  assert.equal(await valueOf("nats_healthy"), 1);
});

test("where the broker has no answer, nothing is told, and nobody calls it a bug", async () => {
  await cell.bus.jsm.streams.delete(cell.bus.names.log);
  const failures = "telemetry_observe_failures_total";
  assert.equal(await growthOf(failures, () => sleep(GAUGES_HOLD_MS)), 0);
  assert.deepEqual(await linesOf("nats_consumer_pending{"), []);
  assert.equal(await valueOf("nats_healthy"), 1);
});

test("once the connection is closed they are not there any more: an old number would look like a new one", async () => {
  await cell.stop();
  assert.deepEqual(await linesOf("nats_consumer_pending{"), []);
  assert.deepEqual(await linesOf("nats_healthy "), []);
});
