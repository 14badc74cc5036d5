import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { watchProgress } from "../shared/bus/progress.ts";
import { loadCatalog } from "../shared/catalog/load.ts";
import { childEnvironment } from "../shared/config.ts";
import { eventually } from "../test/support/eventually.ts";
import { dispatched } from "../test/support/facts.ts";
import { startCell } from "../test/support/nats.ts";

const CATALOG = join(import.meta.dirname, "../test/support/catalog/external");

test("greets whom it is asked to greet, tells how far it is, and ends when it is told to", async (t) => {
  const { server, bus, stop } = await startCell([...loadCatalog([CATALOG]).agents]);
  t.after(() => stop());
  const env = childEnvironment({ NATS_URL: server.url, GENESIS_HTTP_PORT: "0" });
  const agent = spawn(process.execPath, [join(import.meta.dirname, "05-agent.ts")], {
    env,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  t.after(() => agent.kill("SIGKILL"));
  await once(agent, "message");
  const heard: unknown[] = [];
  t.after(watchProgress(bus, "run", (progress) => heard.push(progress)));
  const asked = dispatched("run", "s1", { agent: "greeter", taskType: "greet", input: { name: "Ada" } });
  await bus.log.append({ event: asked, expect: "attempt" }, { correlationId: "c" });
  const { event } = await eventually(() => bus.log.read(bus.subjects.fact("step.completed", "run", "s1")));
  assert.ok(event?.type === "step.completed");
  assert.deepEqual(event.data.output, { greeting: "Hello, Ada!" });
  assert.deepEqual(heard, [{ run: "run", step: "s1", attempt: 1, note: "greeting on attempt 1" }]);
  agent.kill("SIGTERM");
  const [code] = await once(agent, "exit");
  assert.equal(code, 0);
});
