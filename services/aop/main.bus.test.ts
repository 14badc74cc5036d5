import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { connect, type Bus } from "../../shared/bus/connect.ts";
import { deadLetterId } from "../../shared/bus/dead-letters.ts";
import { readOne } from "../../shared/bus/direct-get.ts";
import { setup } from "../../shared/bus/setup.ts";
import { childEnvironment } from "../../shared/config.ts";
import type { EventType, NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import { planHash, sha256 } from "../../shared/contract/plan-hash.ts";
import type { Step } from "../../shared/contract/plan.ts";
import { eventually } from "../../test/support/eventually.ts";
import { signalled, step, submitted } from "../../test/support/model-log.ts";
import { startServer, type TestServer } from "../../test/support/nats.ts";
import { routedPlan } from "../../test/support/plans.ts";

// Two instances of AOP on a real broker; the test stands for everybody else.
const MIB = 1024 * 1024;
let server: TestServer;
let bus: Bus;
const started: ChildProcess[] = [];

before(async () => {
  server = await startServer();
  bus = await connect({ url: server.url, prefix: "genesis", name: "test" });
  await setup(bus, { sizes: { logMaxBytes: 16 * MIB, dlqMaxBytes: MIB, inboxMaxBytes: MIB }, agents: [] });
  const main = new URL("main.ts", import.meta.url).pathname;
  const env = childEnvironment({ NATS_URL: server.url, GENESIS_HTTP_PORT: "0" });
  for (let i = 0; i < 2; i++)
    started.push(spawn(process.execPath, [main], { env, stdio: ["ignore", "ignore", "inherit", "ipc"] }));
  await Promise.all(started.map((child) => once(child, "message")));
});

after(async () => {
  for (const child of started) child.kill("SIGKILL");
  await bus.close();
  await server.stop();
});

async function write(event: NewEvent): Promise<void> {
  const root = event.type === "task.submitted" && { root: { caller: undefined } };
  const appended = await bus.log.append({ event, expect: "subject" }, { correlationId: "aop-test", ...root });
  assert.equal(appended.kind, "stored");
}

/** The fact on a subject, once it is there. */
async function fact<T extends EventType>(
  type: T,
  run: string,
  number: number | string,
): Promise<StoredEvent<T>> {
  const { event } = await eventually(() => bus.log.read(bus.subjects.fact(type, run, number)));
  assert.ok(event, "it can be read");
  return event as StoredEvent<T>;
}

/** A run of its own for a test, its task accepted. */
async function begun(name: string): Promise<string> {
  const run = sha256(name).slice(0, 32);
  await write({ ...submitted(), run });
  return run;
}

/** A revision as HTDAG and HALO write it. Returns what was routed. */
async function revision(run: string, rev: number, steps: Step[]): Promise<StoredEvent<"plan.routed">> {
  const about = { run, rev, tokens: [rev] };
  const task = await fact("task.submitted", run, "once");
  const planner = { kind: "methods" as const };
  await write({ type: "plan.decomposed", ...about, causationId: task.id, data: { planner, steps } });
  const { id } = await fact("plan.decomposed", run, rev);
  const data = { rules: { version: "1", hash: "" }, registryHash: "", ...routedPlan(steps).routed };
  await write({ type: "plan.routed", ...about, causationId: id, data });
  return fact("plan.routed", run, rev);
}

const GOOD = [step("code", { taskType: "code" }), step("test", { taskType: "test", dependsOn: ["code"] })];
const BAD = [step("dance", { taskType: "dance" })];

test("a good plan is validated, in the trace and the conversation of its run", async () => {
  const run = await begun("good");
  const routed = await revision(run, 0, GOOD);
  const { data, causationId, correlationId, traceparent } = await fact("plan.validated", run, 0);
  assert.equal(data.planHash, planHash(GOOD, routed.data.assignments));
  assert.equal(data.profile, "aop-v1");
  assert.equal(causationId, routed.id);
  assert.equal(correlationId, "aop-test");
  assert.equal(traceparent?.split("-")[1], routed.traceparent?.split("-")[1]);
});

test("a bad plan is rejected, and when it is repeated for good", async () => {
  const run = await begun("bad");
  await revision(run, 0, BAD);
  const first = await fact("plan.rejected", run, 0);
  assert.equal(first.data.final, false);
  const messages = first.data.checks.flatMap((check) => check.findings).map((finding) => finding.message);
  assert.deepEqual(messages, ['Nobody is assigned to step "dance".']);
  await revision(run, 1, BAD);
  assert.equal((await fact("plan.rejected", run, 1)).data.final, true);
});

test("a verdict is decided anew for as long as the run moves on under it, and stands once", async () => {
  const run = await begun("busy");
  const signals = Array.from({ length: 40 }, (_, i) => ({ ...signalled("pause"), run, tokens: [`s${i}`] }));
  const writing = Promise.all(signals.map(write));
  await revision(run, 0, GOOD);
  await writing;
  await fact("plan.validated", run, 0);
  const { events } = await bus.log.history(run);
  assert.equal(events.filter(({ type }) => type === "plan.validated" || type === "plan.rejected").length, 1);
});

test("what was routed without ever being decomposed is a dead letter, and blocks nobody", async () => {
  const run = await begun("astray");
  const data = { rules: { version: "1", hash: "" }, registryHash: "", assignments: [], unrouted: [] };
  await write({ type: "plan.routed", run, rev: 7, tokens: [7], causationId: "", data });
  const stored = await eventually(() => bus.log.readStored(bus.subjects.fact("plan.routed", run, 7)));
  const id = deadLetterId(stored, "E_VALIDATION");
  const letter = { last_by_subj: bus.subjects.deadLetter("aop", "E_VALIDATION", id) };
  await eventually(() => readOne(bus.requests, bus.names.dlq, letter));
  await revision(run, 0, GOOD);
  await fact("plan.validated", run, 0);
  assert.equal(await bus.log.read(bus.subjects.fact("plan.rejected", run, 7)), undefined);
});
