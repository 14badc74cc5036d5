import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "./support/audited-end.ts";
import { audit } from "./support/auditor.ts";
import { eventually } from "./support/eventually.ts";
import { FLOW_AGENT, startInstance } from "./support/instance.ts";
import { allFinished, announced, isAllHandled, shortenAckWait, submitMany } from "./support/load.ts";
import { spansIn } from "./support/trace-files.ts";
import { SERVICES } from "../local/service.ts";

const ACK_WAIT_S = 2;
const END_WITHIN_MS = 40_000;

test("two instances of every service at once share the work, and the log is as one would write it", async (t) => {
  const instance = await startInstance({ twice: true });
  t.after(() => instance.stop());
  const { client } = instance;
  const accepted = await submitMany(client, "shared", 48);
  await allFinished(client, accepted.keys(), END_WITHIN_MS);
  assert.deepEqual(audit(await client.readAll("GENESIS", "genesis.v1.>"), accepted), []);
  assert.deepEqual(await client.deadLetters(), []);
  const names = [...SERVICES, FLOW_AGENT].map(({ name }) => name.replace("-", "_"));
  await eventually(async () => {
    const workers = Map.groupBy(await spansIn(instance.dir), ({ service }) => service);
    return names.every((name) => new Set(workers.get(name)?.map((span) => span.instance)).size === 2);
  });
});

/** Who is killed, and the kind of message in whose midst. */
const KILLS = [
  ["gateway", "genesis.v1.task.submitted"],
  ["htdag", "genesis.v1.task.submitted"],
  ["halo", "genesis.v1.plan.decomposed"],
  ["aop", "genesis.v1.plan.routed"],
  ["execution", "genesis.v1.plan.validated"],
  ["execution", "genesis.v1.step.completed"],
  ["flow-agent", "genesis.v1.step.dispatched"],
  ["agents", "genesis.v1.step.dispatched"],
  ["nats-server", "genesis.v1.step.dispatched"],
  ["nats-server", "genesis.v1.run.finished"],
] as const;

test("kill -9 of each service and of the broker in the middle of runs loses nothing and doubles nothing", async (t) => {
  const instance = await startInstance();
  t.after(() => instance.stop());
  const { client } = instance;
  await shortenAckWait(client, ACK_WAIT_S);
  const accepted = new Map<string, readonly Outcome[]>();
  for (const [i, [name, kind]] of KILLS.entries()) {
    // Nobody waits for the runs of the waves before, nor for who was killed last.
    const seen = announced(client, `${kind}.>`);
    const submitting = submitMany(client, `wave-${i}`, 8);
    await seen;
    instance.kill(name);
    for (const [run, outcomes] of await submitting) accepted.set(run, outcomes);
  }
  await allFinished(client, accepted.keys(), END_WITHIN_MS);
  await instance.allUp();
  assert.deepEqual(audit(await client.readAll("GENESIS", "genesis.v1.>"), accepted), []);
  assert.deepEqual(await client.deadLetters(), []);
  await eventually(() => isAllHandled(client));
});
