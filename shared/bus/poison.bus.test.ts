import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { eventually } from "../../test/support/eventually.ts";
import { dispatched } from "../../test/support/facts.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import type { RunStep } from "./attempt.ts";
import type { Work } from "./context.ts";
import { readOne } from "./direct-get.ts";
import { work } from "./work.ts";

const DEADLY = join(import.meta.dirname, "../../test/support/deadly-agent.ts");

/** Has a process work at steps until one of them ends it. */
async function untilDead(t: TestContext, { server }: TestCell, concurrency: number): Promise<void> {
  const child = spawn(process.execPath, [DEADLY, server.url, String(concurrency)], { stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  const [, signal] = await once(child, "exit");
  assert.equal(signal, "SIGKILL");
}

const onlyTheInnocent: RunStep = async ({ event }) => {
  assert.equal(event.run, "innocent");
  return { completed: { output: "done" } };
};
const run = () => assert.fail("it must not be begun again");

test("a step that ends process after process is given up, and ends no more of them", async (t) => {
  const cell = await startCell([{ name: "worker", concurrency: 1 }]);
  const works: Work[] = [];
  t.after(() => cell.stop(...works));
  const { bus } = cell;
  await bus.jsm.consumers.update("GENESIS", "agent-worker-normal", { ack_wait: 500e6 });
  await bus.log.append({ event: dispatched("poison", "s"), expect: "attempt" }, { correlationId: "c" });

  for (let death = 1; death <= 3; death++) {
    await untilDead(t, cell, 1);
  }
  works.push(...(await work({ ...cell.ctx, name: "agents" }, [{ name: "worker", concurrency: 1, run }])));
  const failure = await eventually(
    async () => (await bus.log.read("genesis.v1.step.failed.poison.s.1"))?.event,
  );
  assert.ok(failure.type === "step.failed");
  assert.deepEqual([failure.data.error.code, failure.data.error.retryable], ["E_POISON", false]);
  const letter = await eventually(() => readOne(bus.requests, "GENESIS_DLQ", { seq: 1 }));
  assert.match(letter.subject, /^genesis\.dlq\.agents\.E_POISON\./);
  await eventually(async () => {
    const info = await bus.jsm.consumers.info("GENESIS", "agent-worker-normal");
    return info.num_ack_pending === 0;
  });
});

test("a step that is at work beside it each time is not taken for it", async (t) => {
  const cell = await startCell([{ name: "worker", concurrency: 2 }]);
  const works: Work[] = [];
  t.after(() => cell.stop(...works));
  const { bus } = cell;
  await bus.jsm.consumers.update("GENESIS", "agent-worker-normal", { ack_wait: 500e6 });
  for (const name of ["innocent", "poison"])
    await bus.log.append({ event: dispatched(name, "s"), expect: "attempt" }, { correlationId: "c" });

  for (let death = 1; death <= 3; death++) await untilDead(t, cell, 2);
  const worker = { name: "worker", concurrency: 2, run: onlyTheInnocent };
  works.push(...(await work({ ...cell.ctx, name: "agents" }, [worker])));
  const standing = (subject: string) =>
    eventually(async () => (await bus.log.read(`genesis.v1.${subject}`))?.event);
  const failure = await standing("step.failed.poison.s.1");
  assert.ok(failure.type === "step.failed");
  assert.equal(failure.data.error.code, "E_POISON");
  await standing("step.completed.innocent.s");
  assert.equal(await bus.log.read("genesis.v1.step.failed.innocent.s.1"), undefined);
});
