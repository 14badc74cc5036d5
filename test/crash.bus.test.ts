import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Outcome } from "./support/audited-end.ts";
import { audit } from "./support/auditor.ts";
import { eventually } from "./support/eventually.ts";
import type { ForeignClient } from "./support/foreign-client.ts";
import { FLOW_AGENT, startInstance, type Instance } from "./support/instance.ts";
import { allFinished, announced, isAllHandled, shortenAckWait, submitMany } from "./support/load.ts";
import { bodyOf, runOfKey } from "./support/stored-message.ts";
import { spansIn } from "./support/trace-files.ts";
import { SERVICES } from "../local/service.ts";

const ACK_WAIT_S = 2;
const END_WITHIN_MS = 40_000;

describe("two instances of every service at once", () => {
  let instance: Instance;
  let client: ForeignClient;
  const accepted = new Map<string, readonly Outcome[]>();

  before(async () => {
    instance = await startInstance({ twice: true });
    client = instance.client;
    await shortenAckWait(client, ACK_WAIT_S);
  });
  after(() => instance.stop());

  /** Every run has ended as it should, and nothing was doubled, lost or given up. */
  const assertClean = async (): Promise<void> => {
    await allFinished(client, accepted.keys(), END_WITHIN_MS);
    assert.deepEqual(audit(await client.readAll("GENESIS", "genesis.v1.>"), accepted), []);
    assert.deepEqual(await client.deadLetters(), []);
  };

  test("share the work, and the log is as one would write it", async () => {
    for (const [run, outcomes] of await submitMany(client, "shared", 48)) accepted.set(run, outcomes);
    await assertClean();
    const names = [...SERVICES, FLOW_AGENT].map(({ name }) => name.replace("-", "_"));
    await eventually(async () => {
      const workers = Map.groupBy(await spansIn(instance.dir), ({ service }) => service);
      return names.every((name) => new Set(workers.get(name)?.map((span) => span.instance)).size === 2);
    });
  });

  test("take over from each other: a step that was thought lost is done by the other one, and counts once", async () => {
    const run = runOfKey("thought-lost");
    accepted.set(run, ["completed"]);
    const asleep = new Promise<number>((resolve) => {
      client.nc.subscribe(`genesis.progress.${run}.*`, {
        max: 1,
        callback: (_, { data }) => resolve(bodyOf<{ note: { asleep: number } }>({ bytes: data }).note.asleep),
      });
    });
    const task = { goal: "sleep", taskType: "flow_sleep", input: { ms: 500 } };
    await client.task(task, { "idempotency-key": "thought-lost" });
    const pid = await asleep;
    const [holder] = Object.entries(instance.pids()).find(([, other]) => other === pid)!;
    const goOn = instance.freeze(holder);
    await client.finished(run);
    goOn();
    const isLate = ({ event, run: of }: Record<string, unknown>) => event === "late_result" && of === run;
    await eventually(async () => (await instance.logLines()).some(isLate));
    await assertClean();
  });

  test("are restarted one after the other, and what they had begun is finished or given back", async () => {
    const submitting = submitMany(client, "rolling", 48);
    for (const { name } of [...SERVICES, FLOW_AGENT]) {
      const pid = instance.pidOf(name);
      process.kill(pid, "SIGTERM");
      await eventually(() => instance.pidOf(name) !== pid);
    }
    for (const [run, outcomes] of await submitting) accepted.set(run, outcomes);
    await assertClean();
    await instance.allUp();
    const lines = await instance.logLines();
    assert.ok(lines.filter(({ event }) => event === "stopping").length >= SERVICES.length + 1);
    assert.deepEqual(
      lines.filter(({ event }) => event === "drain_failed"),
      [],
    );
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
  const later = (await instance.logLines()).filter(({ event }) => event === "retry_later");
  assert.deepEqual(
    later.filter((line) => line["stream"] === "GENESIS" && line["correlation_id"] === undefined),
    [],
  );
});
