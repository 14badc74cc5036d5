import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { eventually } from "../../test/support/eventually.ts";
import { dispatched } from "../../test/support/facts.ts";
import { startCell } from "../../test/support/nats.ts";
import type { Work } from "./context.ts";
import { readOne } from "./direct-get.ts";
import { work } from "./work.ts";

const DEADLY = join(import.meta.dirname, "../../test/support/deadly-agent.ts");

const run = () => assert.fail("it must not be begun again");

test("a step that ends process after process is given up, and ends no more of them", async (t) => {
  const cell = await startCell([{ name: "worker", concurrency: 1 }]);
  const works: Work[] = [];
  t.after(() => cell.stop(...works));
  const { bus } = cell;
  await bus.jsm.consumers.update("GENESIS", "agent-worker-normal", { ack_wait: 500e6 });
  await bus.log.append({ event: dispatched("poison", "s"), expect: "attempt" }, { correlationId: "c" });

  for (let death = 1; death <= 3; death++) {
    const child = spawn(process.execPath, [DEADLY, cell.server.url], { stdio: "ignore" });
    t.after(() => child.kill("SIGKILL"));
    const [, signal] = await once(child, "exit");
    assert.equal(signal, "SIGKILL");
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
