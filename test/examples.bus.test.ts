import assert from "node:assert/strict";
import { execFile, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { schemaPath } from "../docs/generate/schemas.ts";
import { childEnvironment, PROJECT_ROOT } from "../shared/config.ts";
import { eventually } from "./support/eventually.ts";
import { factOf, wrongInFact } from "./support/fact-shape.ts";
import { startInstance, type Instance } from "./support/instance.ts";
import { bodyOf, runOfKey } from "./support/stored-message.ts";

/** The examples, as a reader would start them, against a whole Genesis. The one in shell: test/stack/nats-tool.stack.test.ts. */
const EXAMPLES = ["01-submit.ts", "02-watch.ts", "03-from-bare-nats.ts", "04-cancel.ts"];
const GOAL = "Launch a small online shop";
/** Ends an example that waits for what never comes. */
const WITHIN_MS = 30_000;

let instance: Instance;
before(async () => {
  instance = await startInstance();
});
after(() => instance.stop());

type Output = { code: number; lines: string[]; stderr: string };

/** Starts an example. */
function start(name: string, ...args: string[]): { child: ChildProcess; output: Promise<Output> } {
  const [program, ...rest] = name.endsWith(".sh") ? ["sh"] : [process.execPath];
  const file = join(PROJECT_ROOT, "examples", name);
  const options = { timeout: WITHIN_MS, env: childEnvironment({ NATS_URL: instance.url }) };
  const { promise: output, resolve, reject } = Promise.withResolvers<Output>();
  const child = execFile(program!, [...rest, file, ...args], options, (error, stdout, stderr) => {
    if (error?.killed) reject(new Error(`${name} has not ended: ${stdout}${stderr}`));
    else resolve({ code: Number(error?.code ?? 0), lines: stdout.trim().split("\n"), stderr });
  });
  return { child, output };
}

/** Runs an example to its end. */
const run = (name: string, ...args: string[]): Promise<Output> => start(name, ...args).output;

async function outcomeOf(id: string): Promise<unknown> {
  return bodyOf<{ data: { outcome: string } }>(await instance.client.finished(id)).data.outcome;
}

for (const name of EXAMPLES) {
  test(`${name} knows the contract and the official client, and is short`, () => {
    const source = readFileSync(join(PROJECT_ROOT, "examples", name), "utf8");
    const imports = [...source.matchAll(/from "([^"]+)"/g)].map(([, from = ""]) => from);
    assert.deepEqual(
      imports.filter((from) => !/^(@nats-io\/|node:)/.test(from)),
      [],
    );
    assert.ok(source.split("\n").length <= 45);
  });
}

test("without arguments each says how it is called, exit code 2", async () => {
  for (const name of [...EXAMPLES, "03-from-bare-nats.sh"]) {
    const { code, lines, stderr } = await run(name);
    assert.deepEqual([code, lines], [2, [""]]);
    assert.match(stderr, new RegExp(`^usage: [^\n]*examples/${name} [^\n]+\n$`));
  }
});

test("01-submit.ts says which run a task became, the same for the same key, and why it was refused", async () => {
  const first = await run("01-submit.ts", GOAL, "example-1");
  assert.equal(first.code, 0);
  const accepted = JSON.parse(first.lines[0]!);
  assert.equal(accepted.run, runOfKey("example-1"));
  assert.equal(await outcomeOf(accepted.run), "completed");
  const again = await run("01-submit.ts", GOAL, "example-1");
  assert.deepEqual(again, first);
  const other = await run("01-submit.ts", "Something else", "example-1", instance.url);
  assert.deepEqual([other.code, JSON.parse(other.lines[0]!).code], [1, "E_CONFLICT"]);
});

test("02-watch.ts shows every fact of a run in the order of the log, and how far its agents are", async () => {
  const { run: id = "" } = await instance.client.submit({ goal: "wait", taskType: "puppet_pair" });
  await instance.client.waitFor(`genesis.v1.step.dispatched.${id}.s1.1.puppet.normal`);
  const { child, output } = start("02-watch.ts", id, instance.url);
  let shown = "";
  child.stdout!.on("data", (text: string) => (shown += text));
  await eventually(() => shown.split("\n").length > 5);
  const progress = JSON.stringify({ run: id, step: "s1", attempt: 1, note: "half-way" });
  instance.client.nc.publish(`genesis.progress.${id}.s1`, progress);
  await run("04-cancel.ts", id, instance.url);
  const { code, lines } = await output;
  const history = await instance.client.history(id);
  const facts = history.map(({ seq, subject }) => `${seq} ${subject}`);
  assert.equal(code, 0);
  assert.deepEqual(lines, [...facts.slice(0, 5), progress, ...facts.slice(5)]);
  assert.equal(facts.at(-1), `${history.at(-1)!.seq} genesis.v1.run.finished.${id}.once`);
});

test("03-from-bare-nats.ts gets its answer, also when the gateway was away at first", async () => {
  const goOn = instance.freeze("gateway");
  const { output } = start("03-from-bare-nats.ts", GOAL, "example-3", instance.url);
  await eventually(() => instance.client.get("genesis.tasks", "GENESIS_INBOX"));
  goOn();
  const { code, lines } = await output;
  assert.equal(code, 0);
  const { data } = bodyOf<{ data: object }>(await instance.client.finished(runOfKey("example-3")));
  assert.deepEqual(JSON.parse(lines[0]!), data);
});

test("03-from-bare-nats.ts is told why its task was refused", async () => {
  const { code, lines } = await run("03-from-bare-nats.ts", "", "example-3-refused", instance.url);
  assert.equal(code, 1);
  assert.match(lines[0]!, /^E_SCHEMA .*goal: at least 1/);
});

test("04-cancel.ts cancels a run, and once more changes nothing", async () => {
  const { run: id = "" } = await instance.client.submit({ goal: "wait", taskType: "puppet_pair" });
  await instance.client.waitFor(`genesis.v1.step.dispatched.${id}.s1.1.puppet.normal`);
  for (let times = 0; times < 2; times++)
    assert.deepEqual(await run("04-cancel.ts", id), { code: 0, lines: ["cancelled"], stderr: "" });
  const signals = (await instance.client.history(id)).map(factOf).filter(({ type }) => type === "run.signal");
  assert.equal(signals.length, 1);
  assert.deepEqual(signals.flatMap(wrongInFact), []);
});

test("everything that these runs have left in the streams is what the published JSON Schemas say", async () => {
  const facts = (await instance.client.readAll("GENESIS", "genesis.v1.>")).map(factOf);
  for (const { type, subject, body } of facts)
    assert.deepEqual(published(type).safeParse(body).error?.issues ?? [], [], subject);
  assert.ok(new Set(facts.map(({ type }) => type)).size >= 8);
  const letters = await instance.client.deadLetters();
  for (const letter of letters) published("dead-letter").parse(bodyOf(letter));
  assert.ok(letters.length > 0);
});

function published(name: string): z.ZodType {
  return z.fromJSONSchema(JSON.parse(readFileSync(join(PROJECT_ROOT, "docs", schemaPath(name)), "utf8")));
}
