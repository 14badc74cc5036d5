import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertDeadLetter } from "./support/dead-letter.ts";
import { eventually } from "./support/eventually.ts";
import { factOf, traceIdOf } from "./support/fact-shape.ts";
import type { ForeignClient } from "./support/foreign-client.ts";
import { startInstance, type Instance } from "./support/instance.ts";
import { MALFORMED_TASKS, type Malformed } from "./support/malformed.ts";
import { publishRaw } from "./support/raw-nats.ts";
import { bodyOf, runOfKey, type Stored } from "./support/stored-message.ts";

// Bad tasks at both doors, byte by byte over the bare protocol where no client library would send them: an error in the one
// shape for whoever asks, one dead letter for what was left in the inbox, and nothing else for anybody.
let instance: Instance;
let client: ForeignClient;
let pids: Record<string, number>;
/** What was left in the inbox, as it stood there. */
const originals = new Map<Malformed, Stored>();
/** Processor time of the gateway before, in seconds. */
let cpuBefore: number;

before(async () => {
  instance = await startInstance();
  client = instance.client;
  pids = instance.pids();
  cpuBefore = await cpuSeconds();
  const goOn = instance.freeze("gateway");
  const messages = MALFORMED_TASKS.map(({ payload, block }) => ({
    subject: "genesis.tasks",
    payload,
    ...(block !== undefined && { block }),
  }));
  await publishRaw(Number(new URL(instance.url).port), messages);
  await client.task({ goal: "stand behind them all" }, { "idempotency-key": "behind" });
  for (const [i, malformed] of MALFORMED_TASKS.entries())
    originals.set(malformed, (await client.at("GENESIS_INBOX", i + 1))!);
  goOn();
});

after(() => instance.stop());

/** How much processor time the gateway has used. */
async function cpuSeconds(): Promise<number> {
  const metrics = await (await fetch(`${instance.httpOf("gateway")}/metrics`)).text();
  return Number(/^process_cpu_seconds_total (\S+)$/m.exec(metrics)?.[1]);
}

/** Asks at the door, over the bare protocol. */
async function askRaw({
  payload,
  block,
}: Pick<Malformed, "payload" | "block">): Promise<Record<string, unknown>> {
  const reply = `answers.${Math.random().toString(36).slice(2)}`;
  const answer = new Promise<Uint8Array>((resolve) => {
    client.nc.subscribe(reply, { max: 1, callback: (_, message) => resolve(message.data) });
  });
  await client.nc.flush();
  const message = { subject: "genesis.submit", reply, payload, ...(block !== undefined && { block }) };
  await publishRaw(Number(new URL(instance.url).port), [message]);
  return bodyOf({ bytes: await answer });
}

const MESSAGES: Record<string, string> = {
  E_JSON: "The payload is not JSON, or nests deeper than 32 levels, or has a forbidden key.",
  E_ENCODING: "The payload is not clean UTF-8 (byte order mark, NUL or invalid bytes).",
  E_SCHEMA: "The payload does not have the fields that its schema asks for.",
  E_TOO_LARGE: "The message is larger than the contract allows.",
  E_HEADER: "A header is missing, doubled, too large or not allowed here.",
};

describe("a malformed task is refused at the door and given up in the inbox", () => {
  for (const malformed of MALFORMED_TASKS) {
    const { what, code, path } = malformed;
    test(what, async () => {
      const { details, ...error } = await askRaw(malformed);
      assert.deepEqual(error, { code, message: MESSAGES[code], retryable: false });
      const [detail, ...others] = details as { path: string; rule: string }[];
      assert.deepEqual([detail?.path, typeof detail?.rule, others.length < 5], [path, "string", true]);
      assert.doesNotMatch(JSON.stringify(details).replaceAll(/"path":"[^"]*"/g, ""), /canary/i);
      const original = originals.get(malformed)!;
      await assertDeadLetter(client, { stream: "GENESIS_INBOX", original, code, service: "gateway" });
      await eventually(async () => (await client.at("GENESIS_INBOX", original.seq)) === undefined);
    });
  }
});

test("a header block in the guise of the broker's own answer is refused at the door", async () => {
  const error = await askRaw({ payload: "{}", block: "NATS/1.0 503 No Responders\r\n\r\n" });
  assert.equal(error["code"], "E_HEADER");
});

test("what is too large for the inbox is refused by the broker, and a request of that size at the door", async () => {
  const payload = JSON.stringify({ goal: "x", input: { text: "x".repeat(1024 * 1024) } });
  assert.equal((await client.task(payload)).error?.err_code, 10054);
  assert.equal((await client.submit(payload))["code"], "E_TOO_LARGE");
});

/** Contexts that are none: no text of theirs, upper case, all zero, a version that may not be. */
const CONTEXTS = [
  "canary",
  "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
  `00-${"0".repeat(32)}-${"0".repeat(16)}-01`,
  `ff-${"1".repeat(32)}-${"1".repeat(16)}-01`,
];

test("a context that is none is no reason to refuse: the run has a trace of its own", async () => {
  for (const [i, traceparent] of CONTEXTS.entries()) {
    const reply = await client.submit(
      { goal: "go", taskType: "flow_noop" },
      { traceparent, "idempotency-key": `context-${i}` },
    );
    const facts = (await client.finished(reply["run"]!).then(() => client.history(reply["run"]!))).map(
      factOf,
    );
    assert.deepEqual([...new Set(facts.map(traceIdOf))], [reply["traceId"]]);
    assert.ok(!traceparent.toLowerCase().includes(reply["traceId"]!));
  }
});

test("nobody was held up, nobody fell over, and nothing of it came into the log", async () => {
  await client.finished(runOfKey("behind"));
  const submitted = await client.readAll("GENESIS", "genesis.v1.task.submitted.>");
  assert.equal(submitted.length, 1 + CONTEXTS.length, "the one behind them all, and those with contexts");
  assert.equal((await client.deadLetters()).length, MALFORMED_TASKS.length);
  assert.deepEqual(instance.pids(), pids);
  // All of them, twice, the deepest and the largest among them. Time on the clock would tell more about the machine.
  const used = (await cpuSeconds()) - cpuBefore;
  assert.ok(used < 3, `the gateway worked for ${used} s`);
});

test("what the services say about them repeats nothing of what they hold", async () => {
  await eventually(async () => (await instance.logLines()).some(({ event }) => event === "dead_letter"));
  const said = (await instance.logLines()).filter((line) => /canary/i.test(JSON.stringify(line)));
  assert.deepEqual(said, []);
});
