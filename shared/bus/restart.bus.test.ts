import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../test/support/eventually.ts";
import { decomposed, submitted } from "../../test/support/facts.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import type { Work } from "./context.ts";
import { stage } from "./stage.ts";

/** Two instances of a planner, as two processes would be: two connections would show no more than two bindings do. */
async function planners(cell: TestCell, count: number): Promise<Work[]> {
  const works = [];
  for (let i = 0; i < count; i++)
    works.push(
      ...(await stage(
        { ...cell.ctx, name: "htdag" },
        {
          durable: "htdag",
          reads: ["task.submitted"],
          from: "run",
          decide: ({ run, id }) => [{ event: { ...decomposed(run), causationId: id }, expect: "subject" }],
        },
      )),
    );
  return works;
}

test("a broker that is killed twice in the middle loses and doubles nothing", async (t) => {
  const cell = await startCell();
  const works = await planners(cell, 2);
  t.after(() => cell.stop(...works));
  const runs = Array.from({ length: 300 }, (_, i) => `r${i}`);
  const publishing = (async () => {
    for (const run of runs) {
      const event = submitted(run);
      const outcome = await cell.bus.log.append({ event, expect: "subject" }, { correlationId: "c" });
      assert.equal(outcome.kind, "stored");
    }
  })();
  for (let kill = 0; kill < 2; kill++) {
    await sleep(150);
    await cell.server.kill();
    assert.equal(await eventually(() => !cell.bus.isConnected()), true);
    await sleep(200);
    await cell.server.restart();
    await eventually(() => cell.bus.isConnected());
  }
  await publishing;
  const plans = await eventually(async () => {
    const { events } = await cell.bus.log.scan("plan.decomposed", { max: 1000 });
    return events.length === runs.length && events;
  }, 20_000);
  assert.deepEqual(plans.map(({ run }) => run).toSorted(), runs.toSorted());
  const { state } = await cell.bus.jsm.streams.info("GENESIS");
  assert.equal(state.messages, 2 * runs.length);
  assert.equal((await cell.bus.jsm.streams.info("GENESIS_DLQ")).state.messages, 0);
});

test("a durable that was made anew is found within seconds", async (t) => {
  const cell = await startCell();
  const works = await planners(cell, 1);
  t.after(() => cell.stop(...works));
  const { config } = await cell.bus.jsm.consumers.info("GENESIS", "htdag");
  await cell.bus.jsm.consumers.delete("GENESIS", "htdag");
  await cell.bus.jsm.consumers.add("GENESIS", config);
  await cell.bus.log.append({ event: submitted("later"), expect: "subject" }, { correlationId: "c" });
  await eventually(() => cell.bus.log.read("genesis.v1.plan.decomposed.later.0"), 5000);
});
