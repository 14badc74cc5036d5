import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { childEnvironment, PROJECT_ROOT } from "../shared/config.ts";
import type { EventData, NewEvent } from "../shared/contract/events.ts";
import { runOfKey } from "../shared/contract/submission.ts";
import { eventually } from "../test/support/eventually.ts";
import { genesis, startGenesis, type Outcome } from "../test/support/genesis.ts";
import { startCell, type TestCell } from "../test/support/nats.ts";
import { ended } from "../test/support/sample-run.ts";

let cell: TestCell;
let gateway: ChildProcess;
const folder = mkdtempSync(join(tmpdir(), "genesis-submit-"));
const submit = (...args: string[]): Promise<Outcome> =>
  genesis(["submit", ...args, "--nats", cell.server.url]);
const append = (event: NewEvent) =>
  cell.bus.log.append({ event, expect: "subject" }, { correlationId: "corr-1" });
const taskOf = async (run: string): Promise<EventData<"task.submitted"> | undefined> => {
  const fact = await cell.bus.log.read(`genesis.v1.task.submitted.${run}.once`);
  return fact?.event?.data as EventData<"task.submitted"> | undefined;
};

before(async () => {
  cell = await startCell();
  gateway = spawn(process.execPath, [join(PROJECT_ROOT, "services", "gateway", "main.ts")], {
    stdio: "ignore",
    env: childEnvironment({ NATS_URL: cell.server.url, GENESIS_HTTP_PORT: "0" }),
  });
  const answers = () => genesis(["submit", "--goal", "are you there", "--nats", cell.server.url]);
  await eventually(async () => (await answers()).status === 0, 20_000);
});
after(async () => {
  gateway.kill("SIGTERM");
  if (gateway.exitCode === null) await once(gateway, "exit");
  await cell.stop();
  rmSync(folder, { recursive: true });
});

test("a goal becomes a run, and what was asked stands in the log", async () => {
  const input = '{"path": "src"}';
  const beganMs = Date.now();
  const { status, stdout, stderr } = await submit(
    "--goal",
    "Do it",
    "--type",
    "audit",
    "--input",
    input,
    "--priority",
    "high",
    "--deadline",
    "10m",
  );
  assert.deepEqual([status, stderr], [0, ""]);
  const [, run] =
    /^run ([0-9a-f]{32})\nnpx genesis show [0-9a-f]{8} --watch follows it\n$/.exec(stdout) ?? [];
  const { goal, taskType, input: stored, priority, deadline } = (await taskOf(run!))!;
  assert.deepEqual([goal, taskType, stored, priority], ["Do it", "audit", { path: "src" }, "high"]);
  assert.ok(Math.abs(Date.parse(deadline) - beganMs - 600_000) < 10_000);
});

test("the same key and payload is the same run; another payload is refused", async () => {
  const first = await submit("--goal", "Once", "--key", "my key", "--json");
  const accepted = JSON.parse(first.stdout);
  assert.deepEqual(Object.keys(accepted), ["run", "correlationId", "traceId"]);
  assert.equal(accepted.run, runOfKey("my key"));
  assert.deepEqual(
    JSON.parse((await submit("--goal", "Once", "--key", "my key", "--json")).stdout),
    accepted,
  );
  const other = await submit("--goal", "Twice", "--key", "my key", "--json");
  assert.deepEqual([other.status, other.stdout], [1, ""]);
  assert.match(other.stderr, /^genesis: the task was refused: E_CONFLICT [^\n]*\n$/);
});

test("a key with a deadline that moves says why the second time is refused", async () => {
  const args = ["--goal", "Soon", "--key", "soon", "--deadline", "10m"];
  assert.equal((await submit(...args)).status, 0);
  const { status, stderr } = await submit(...args);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^genesis: the task was refused: E_CONFLICT [^\n]*; a deadline as a duration [^\n]*\n$/,
  );
});

test("a payload file goes as it is, and the gateway judges it", async () => {
  const file = join(folder, "task.json");
  writeFileSync(
    file,
    JSON.stringify({ goal: "From a file", labels: { team: "blue" }, policy: { minScore: 0.9 } }),
  );
  const { stdout } = await submit("--file", file, "--json");
  const task = (await taskOf(JSON.parse(stdout).run))!;
  assert.deepEqual([task.goal, task.labels, task.policy.minScore], ["From a file", { team: "blue" }, 0.9]);
  writeFileSync(file, JSON.stringify({ goal: "", policy: { minScore: 7 } }));
  const refused = await submit("--file", file);
  assert.deepEqual([refused.status, refused.stdout], [1, ""]);
  assert.match(refused.stderr, /^genesis: the task was refused: E_SCHEMA [^\n]*goal[^\n]*\n$/);
});

const outcomes = [
  ["completed", 0],
  ["failed", 1],
  ["rejected", 1],
  ["cancelled", 1],
  ["expired", 1],
] as const;
for (const [outcome, exitCode] of outcomes) {
  test(`--wait on a run that ends ${outcome} is exit code ${exitCode}`, async () => {
    const key = `waits for ${outcome}`;
    const waiting = submit("--goal", "Wait", "--key", key, "--wait", "--json");
    await eventually(() => taskOf(runOfKey(key)));
    await append(ended(runOfKey(key), outcome));
    const { status, stdout, stderr } = await waiting;
    assert.equal(status, exitCode);
    const view = JSON.parse(stdout);
    assert.deepEqual([view.run, view.outcome, view.goal], [runOfKey(key), outcome, "Wait"]);
    if (exitCode === 0) assert.equal(stderr, "");
    else assert.match(stderr, new RegExp(`^genesis: the run ended ${outcome}[^\\n]*\\n$`));
  });
}

test("--wait says at once for which run, and how it ended on one line", async () => {
  const key = "told";
  const waiting = submit("--goal", "Wait", "--key", key, "--wait");
  await eventually(() => taskOf(runOfKey(key)));
  await append(ended(runOfKey(key), "completed", { counts: { completed: 2, failed: 0, skipped: 1 } }));
  const { stdout, stderr } = await waiting;
  assert.equal(stderr, `waiting for run ${runOfKey(key)}\n`);
  assert.match(stdout, /^run [0-9a-f]{32} completed after [^:]+: 2 steps completed, 1 skipped\n$/);
});

test("--watch without a terminal begins with the run, so that it can be named later", async () => {
  const key = "watched-as-text";
  const watching = submit("--goal", "Watch", "--key", key, "--watch");
  const run = runOfKey(key);
  await eventually(() => taskOf(run));
  await append(ended(run, "completed"));
  const { status, stdout } = await watching;
  assert.equal(status, 0);
  assert.equal(stdout.split("\n")[0], `run ${run}`);
});

test("--watch shows the facts as they come, and ends with the run", async () => {
  const key = "watched";
  const watching = submit("--goal", "Watch", "--key", key, "--watch", "--json");
  await eventually(() => taskOf(runOfKey(key)));
  await append(ended(runOfKey(key), "completed"));
  const { status, stdout } = await watching;
  const [accepted, ...facts] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual([status, accepted.run], [0, runOfKey(key)]);
  assert.deepEqual(
    facts.map(({ type }: { type: string }) => type),
    ["task.submitted", "run.finished"],
  );
});

test("cancel gives one signal, however often it is asked, and tells the run's end", async () => {
  const { run } = JSON.parse((await submit("--goal", "Cancel me", "--json")).stdout);
  const cancelling = genesis([
    "cancel",
    run.slice(0, 12),
    "--reason",
    "not needed",
    "--json",
    "--nats",
    cell.server.url,
  ]);
  // Execution is not running here, so this test ends the run in its place.
  const signalled = await eventually(() => cell.bus.log.read(`genesis.v1.run.signal.${run}.cancel`));
  assert.equal(signalled.event?.type, "run.signal");
  const { kind, reason, actor } = signalled.event.data as EventData<"run.signal">;
  assert.deepEqual(
    [kind, reason, actor.kind, signalled.event.causationId],
    ["cancel", "not needed", "user", ""],
  );
  await append(ended(run, "cancelled"));
  const { status, stdout, stderr } = await cancelling;
  assert.deepEqual([status, stderr, JSON.parse(stdout).outcome], [0, "", "cancelled"]);
  const again = await genesis(["cancel", run, "--nats", cell.server.url]);
  assert.deepEqual(again, { status: 0, stdout: `run ${run} cancelled\n`, stderr: "" });
});

test("a run that ended otherwise cannot be cancelled any more", async () => {
  const { run } = JSON.parse((await submit("--goal", "Too late", "--json")).stdout);
  await append(ended(run, "completed"));
  const { status, stdout, stderr } = await genesis(["cancel", run, "--nats", cell.server.url]);
  assert.deepEqual([status, stdout], [1, `run ${run} completed\n`]);
  assert.match(stderr, /^genesis: the run ended completed before it could be cancelled[^\n]*\n$/);
  assert.equal(await cell.bus.log.read(`genesis.v1.run.signal.${run}.cancel`), undefined);
});

test("whoever waits can leave: the run goes on without them", async () => {
  const child = startGenesis([
    "submit",
    "--goal",
    "Leave",
    "--key",
    "left",
    "--wait",
    "--nats",
    cell.server.url,
  ]);
  await eventually(() => taskOf(runOfKey("left")));
  child.kill("SIGINT");
  const [status, signal] = await once(child, "exit");
  assert.ok(status === 130 || signal === "SIGINT", `${status} ${signal}`);
});

test("without a gateway, submitting says what to look at", async () => {
  gateway.kill("SIGTERM");
  await once(gateway, "exit");
  const { status, stdout, stderr } = await submit("--goal", "Nobody there");
  assert.deepEqual([status, stdout], [1, ""]);
  assert.equal(stderr, "genesis: the gateway does not answer; npx genesis doctor says what is running\n");
});
