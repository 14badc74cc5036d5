import assert from "node:assert/strict";
import { test } from "node:test";
import { childEnvironment } from "../shared/config.ts";
import type { Outcome } from "./support/audited-end.ts";
import { audit } from "./support/auditor.ts";
import { eventually } from "./support/eventually.ts";
import { startInstance } from "./support/instance.ts";
import { allFinished, announced, isAllHandled, submitMany } from "./support/load.ts";

// Some 2,000 tasks while 60 times somebody is killed, on the shipped consumers: what a killed process had in hand comes again
// after 30 s. STORM_SEED repeats a storm, as far as processes can be repeated.
const KILLS = 60;
const TASKS_PER_KILL = 34;
const FACTS_BETWEEN_KILLS = 400;
const END_WITHIN_MS = 180_000;
const VICTIMS = ["gateway", "htdag", "halo", "aop", "execution", "flow-agent", "agents", "nats-server"];

test(`${KILLS} kills in ${KILLS * TASKS_PER_KILL} tasks lose nothing and double nothing`, async (t) => {
  const seed = Number(childEnvironment({})["STORM_SEED"] ?? Date.now() % 1_000_000);
  t.diagnostic(`STORM_SEED=${seed}`);
  const random = randomFrom(seed);
  const instance = await startInstance();
  t.after(() => instance.stop());
  const { client } = instance;
  const accepted = new Map<string, readonly Outcome[]>();
  for (let kill = 0; kill < KILLS; kill++) {
    const enough = announced(client, "genesis.v1.>", 1 + Math.floor(random() * FACTS_BETWEEN_KILLS));
    const submitting = submitMany(client, `storm-${seed}-${kill}`, TASKS_PER_KILL);
    await enough;
    instance.kill(VICTIMS[Math.floor(random() * VICTIMS.length)]!);
    for (const [run, outcomes] of await submitting) accepted.set(run, outcomes);
  }
  await allFinished(client, accepted.keys(), END_WITHIN_MS);
  await instance.allUp();
  assert.deepEqual(audit(await client.readAll("GENESIS", "genesis.v1.>"), accepted), []);
  assert.deepEqual(await client.deadLetters(), []);
  await eventually(() => isAllHandled(client), END_WITHIN_MS);
});

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
