import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { connect, type Bus } from "../shared/bus/connect.ts";
import { setup } from "../shared/bus/setup.ts";
import { PROJECT_ROOT, childEnvironment } from "../shared/config.ts";
import type { EventType, NewEvent, StoredEvent } from "../shared/contract/events.ts";
import { catalogFolders } from "./support/catalog-files.ts";
import { eventually } from "./support/eventually.ts";
import { RUN, submitted } from "./support/model-log.ts";
import { startServer, type TestServer } from "./support/nats.ts";

// The planner and the router as processes on a real broker: from a task to a routed plan, and what follows a rejection.
const MIB = 1024 * 1024;
const correlationId = "planning-test";
let server: TestServer;
let bus: Bus;
const started: ChildProcess[] = [];
const { folderWith, remove } = catalogFolders();

function start(name: string, settings: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [join(PROJECT_ROOT, "services", name, "main.ts")], {
    env: childEnvironment({ NATS_URL: server.url, GENESIS_HTTP_PORT: "0", ...settings }),
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  started.push(child);
  return child;
}

before(async () => {
  server = await startServer();
  bus = await connect({ url: server.url, prefix: "genesis", name: "test" });
  await setup(bus, { sizes: { logMaxBytes: 16 * MIB, dlqMaxBytes: MIB, inboxMaxBytes: MIB }, agents: [] });
  // Two of each, so that everything here also holds when two instances share the work.
  const services = ["htdag", "htdag", "halo", "halo"].map((name) => start(name));
  await Promise.all(services.map((child) => once(child, "message")));
});

after(async () => {
  for (const child of started) child.kill("SIGKILL");
  await bus.close();
  await server.stop();
  remove();
});

async function write(event: NewEvent): Promise<void> {
  const isTask = event.type === "task.submitted";
  const options = { correlationId, ...(isTask && { root: { caller: undefined } }) };
  assert.equal((await bus.log.append({ event, expect: "subject" }, options)).kind, "stored");
}

/** The fact on a subject, once it is there. */
async function fact<T extends EventType>(
  type: T,
  run: string,
  number: number | string,
): Promise<StoredEvent<T>> {
  const found = await eventually(() => bus.log.read(bus.subjects.fact(type, run, number)));
  assert.ok(found.event, "it can be read");
  return found.event as StoredEvent<T>;
}

test("a task is planned and routed, each fact caused by the one before", async () => {
  await write(submitted({ goal: "Audit this repository" }));
  const task = await fact("task.submitted", RUN, "once");
  const decomposed = await fact("plan.decomposed", RUN, 0);
  const routed = await fact("plan.routed", RUN, 0);
  assert.deepEqual([decomposed.causationId, routed.causationId], [task.id, decomposed.id]);
  assert.deepEqual([decomposed.correlationId, routed.correlationId], [correlationId, correlationId]);
  assert.deepEqual(decomposed.data.planner.methods, ["audit_goal@1", "repository_audit@1"]);
  assert.equal(routed.data.assignments.length, 7);
  assert.equal(routed.data.rules.version, "business@1 audit@1");
  const traces = [task, decomposed, routed].map(({ traceparent }) => traceparent?.split("-")[1]);
  assert.equal(new Set(traces).size, 1, "one trace");
});

test("a rejected plan makes way for the next one, and an update is refused", async () => {
  const run = "f".repeat(32);
  await write({ ...submitted({ goal: "Launch a SaaS" }), run });
  const first = await fact("plan.routed", run, 0);
  const verdict = {
    planHash: "0".repeat(64),
    profile: "aop-v1",
    score: 0,
    parts: {},
    checks: [],
    final: false,
  };
  const about = { run, rev: 0, tokens: [0], causationId: first.id };
  await write({ type: "plan.rejected", ...about, data: verdict });
  const second = await fact("plan.decomposed", run, 1);
  assert.notDeepEqual(second.data.steps, (await fact("plan.decomposed", run, 0)).data.steps);
  assert.equal((await fact("plan.routed", run, 1)).rev, 1);

  const actor = { kind: "user" as const, name: "ada" };
  const data = { baseRev: 0, because: "I changed my mind", actor };
  await write({ type: "plan.update", run, tokens: ["mine"], causationId: "", data });
  const refused = await fact("plan.refused", run, "mine");
  assert.equal(refused.data.error.code, "E_STALE");
});

for (const name of ["htdag", "halo"]) {
  test(`${name} does not start on a broken catalogue, and says where it is broken`, async () => {
    const folder = folderWith();
    writeFileSync(join(folder, "rules.yaml"), 'version: "1"\nrules:\n  - id: 7\n');
    const child = start(name, { GENESIS_CATALOG: folder });
    const said = text(child.stderr!);
    const [code] = await once(child, "exit");
    assert.equal(code, 78);
    assert.equal(
      await said,
      `genesis ${name}: ${folder}/rules.yaml:3: rules[0].id: Invalid input: expected string, received number (and 3 more)\n`,
    );
  });
}
