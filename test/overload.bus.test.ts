import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { audit } from "./support/auditor.ts";
import { eventually } from "./support/eventually.ts";
import type { ForeignClient } from "./support/foreign-client.ts";
import { startInstance, type Instance } from "./support/instance.ts";
import { complete, dispatchOf } from "./support/puppet.ts";
import { bodyOf, runOfKey } from "./support/stored-message.ts";

// What happens when the log fills up: new tasks stay outside, and the room that is left belongs to the runs that are inside.
const LOG_BYTES = 4 * 1024 * 1024;
const ADMIT_BELOW = 0.8;

let instance: Instance;
let client: ForeignClient;

before(async () => {
  instance = await startInstance({ logMaxBytes: LOG_BYTES });
  client = instance.client;
});

after(() => instance.stop());

type StreamInfo = { config: Record<string, unknown>; state: { bytes: number; messages: number } };

async function streamInfo(name: string): Promise<StreamInfo> {
  return bodyOf({ bytes: await client.ask(`$JS.API.STREAM.INFO.${name}`, "") });
}

/** Fills the log beyond what tasks are admitted for, by what is no fact of any type, so that nobody reads it. */
async function fill(): Promise<void> {
  for (let i = 0; (await streamInfo("GENESIS")).state.bytes < ADMIT_BELOW * LOG_BYTES; i++) {
    const { error } = await client.publish(`genesis.v1.no.type.filler.${i}`, "x".repeat(200_000));
    assert.equal(error, undefined);
  }
}

test("a log that is nearly full admits nothing, carries on what it has, and goes on when there is room again", async () => {
  const run = (await client.submit({ goal: "be inside", taskType: "puppet_pair" }))["run"]!;
  const first = await dispatchOf(client, run, "s1");
  await fill();

  const refusal = await eventually(async () => {
    const reply: Record<string, unknown> = await client.submit({ goal: "stay outside" });
    return reply["code"] !== undefined && reply;
  });
  assert.deepEqual([refusal["code"], refusal["retryable"]], ["E_OVERLOAD", true]);
  await client.task({ goal: "wait outside" }, { "idempotency-key": "outside" });

  await complete(client, first, "x".repeat(20_000));
  await complete(client, await dispatchOf(client, run, "s2"));
  await client.finished(run);
  assert.deepEqual(audit(await client.history(run), new Map([[run, ["completed"]]])), []);
  assert.equal((await streamInfo("GENESIS_INBOX")).state.messages, 1, "it waits");
  assert.deepEqual(await client.deadLetters(), []);

  const { config } = await streamInfo("GENESIS");
  const larger = { ...config, max_bytes: 16 * LOG_BYTES };
  await client.ask("$JS.API.STREAM.UPDATE.GENESIS", JSON.stringify(larger));
  const waited = bodyOf<{ data: { outcome: string } }>(await client.finished(runOfKey("outside"), 40_000));
  assert.equal(waited.data.outcome, "completed");
  assert.equal((await streamInfo("GENESIS_INBOX")).state.messages, 0);
});
