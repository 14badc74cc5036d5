import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startServer, type TestServer } from "../../test/support/nats.ts";
import { connect, type Bus } from "./connect.ts";
import { SetupRefused, setup, type SetupOptions } from "./setup.ts";

const MIB = 1024 * 1024;
const sizes = { logMaxBytes: 8 * MIB, dlqMaxBytes: 8 * MIB, inboxMaxBytes: 8 * MIB };
const options: SetupOptions = { sizes, agents: [{ name: "worker", concurrency: 2 }] };

let server: TestServer;
let bus: Bus;
before(async () => {
  server = await startServer();
  bus = await connect({ url: server.url, prefix: "genesis", name: "test" });
});
after(async () => {
  await bus.close();
  await server.stop();
});

const ALL = [
  "GENESIS",
  "GENESIS_CLAIMS",
  "GENESIS_DLQ",
  "GENESIS_INBOX",
  "GENESIS_TIMERS",
  "agent-worker-high",
  "agent-worker-low",
  "agent-worker-normal",
  "aop",
  "execution",
  "execution-timers",
  "gateway",
  "halo",
  "htdag",
];

test("the first time everything is made, the second time nothing is changed", async () => {
  const first = await setup(bus, options);
  assert.deepEqual(first.created.toSorted(), ALL);
  const second = await setup(bus, options);
  assert.deepEqual(
    { ...second, unchanged: second.unchanged.toSorted() },
    { created: [], updated: [], unchanged: ALL },
  );
});

test("the log is as the contract words it", async () => {
  const { config } = await bus.jsm.streams.info("GENESIS");
  const { subjects, storage, retention, max_age, max_bytes, max_msgs_per_subject, max_msg_size } = config;
  const { discard, discard_new_per_subject, deny_delete, deny_purge, allow_direct, duplicate_window } =
    config;
  assert.deepEqual(
    { subjects, storage, retention, max_age, max_bytes, max_msgs_per_subject, max_msg_size },
    {
      subjects: ["genesis.v1.>"],
      storage: "file",
      retention: "limits",
      max_age: 7 * 24 * 3600 * 1e9,
      max_bytes: 8 * MIB,
      max_msgs_per_subject: 1,
      max_msg_size: MIB,
    },
  );
  assert.deepEqual(
    [discard, discard_new_per_subject, deny_delete, deny_purge, allow_direct],
    ["new", true, true, true, true],
  );
  assert.equal(duplicate_window, 120e9);
});

test("timers can vanish by no limit", async () => {
  const { config } = await bus.jsm.streams.info("GENESIS_TIMERS");
  const { retention, discard, allow_msg_schedules, allow_msg_ttl, max_age, max_msgs, max_bytes } = config;
  assert.deepEqual(
    [retention, discard, allow_msg_schedules, allow_msg_ttl],
    ["workqueue", "old", true, true],
  );
  assert.deepEqual([max_age, max_msgs, max_bytes], [0, -1, -1]);
});

test("consumers acknowledge explicitly, are given everything, and as much as they may hold", async () => {
  for (const [durable, maxAckPending] of [
    ["execution", 256],
    ["agent-worker-low", 2],
  ] as const) {
    const { config } = await bus.jsm.consumers.info("GENESIS", durable);
    const { ack_policy, ack_wait, max_deliver, deliver_policy, max_ack_pending, inactive_threshold } = config;
    assert.deepEqual([ack_policy, ack_wait, max_deliver, deliver_policy], ["explicit", 30e9, -1, "all"]);
    assert.deepEqual([max_ack_pending, inactive_threshold ?? 0], [maxAckPending, 0]);
  }
});

test("more room, another concurrency and new agents are applied", async () => {
  const agents = [
    { name: "worker", concurrency: 5 },
    { name: "other", concurrency: 1 },
  ];
  const result = await setup(bus, { sizes: { ...sizes, logMaxBytes: 16 * MIB }, agents });
  assert.deepEqual(result.updated.toSorted(), [
    "GENESIS",
    "agent-worker-high",
    "agent-worker-low",
    "agent-worker-normal",
  ]);
  assert.deepEqual(result.created.toSorted(), ["agent-other-high", "agent-other-low", "agent-other-normal"]);
  assert.equal((await bus.jsm.streams.info("GENESIS")).config.max_bytes, 16 * MIB);
  const { config } = await bus.jsm.consumers.info("GENESIS", "agent-worker-high");
  assert.equal(config.max_ack_pending, 5);
});

test("what would lose something is refused with every difference, and nothing is changed", async () => {
  const smaller = { ...sizes, logMaxBytes: 4 * MIB, dlqMaxBytes: MIB, inboxMaxBytes: 32 * MIB };
  await assert.rejects(
    setup(bus, { sizes: smaller, agents: [{ name: "worker", concurrency: 9 }] }),
    (error: Error) => {
      assert.ok(error instanceof SetupRefused);
      assert.deepEqual(error.differences, [
        { of: "GENESIS", setting: "max_bytes", have: 16 * MIB, want: 4 * MIB },
        { of: "GENESIS_DLQ", setting: "max_bytes", have: 8 * MIB, want: MIB },
      ]);
      assert.match(error.message, /GENESIS\.max_bytes is 16777216, not 4194304; GENESIS_DLQ\.max_bytes/);
      return true;
    },
  );
  assert.equal((await bus.jsm.streams.info("GENESIS_INBOX")).config.max_bytes, 8 * MIB);
  const { config } = await bus.jsm.consumers.info("GENESIS", "agent-worker-high");
  assert.equal(config.max_ack_pending, 5);
});

test("a stream of another kind under our name is refused", async (t) => {
  await bus.jsm.streams.add({ name: "OTHER", subjects: ["other.v1.>"], max_msgs_per_subject: 5 });
  const other = await connect({ url: server.url, prefix: "other", name: "test" });
  t.after(() => other.close());
  await assert.rejects(setup(other, options), (error: Error) => {
    assert.ok(error instanceof SetupRefused);
    const settings = error.differences.map(({ setting }) => setting);
    const limits = ["max_bytes", "max_age", "max_msg_size", "max_msgs_per_subject"];
    assert.deepEqual(settings, ["discard", ...limits, "discard_new_per_subject"]);
    return true;
  });
});

test("another cell stands beside the first on the same broker", async (t) => {
  const second = await connect({ url: server.url, prefix: "second", name: "test" });
  t.after(() => second.close());
  const { created } = await setup(second, { ...options, agents: [] });
  assert.ok(created.includes("SECOND_TIMERS"));
});

test("a durable that read less before is widened, and goes on where it was", async () => {
  const { jsm } = bus;
  const { config } = await jsm.consumers.info("GENESIS", "execution");
  const [first, ...more] = config.filter_subjects!;
  await jsm.consumers.delete("GENESIS", "execution");
  await jsm.consumers.add("GENESIS", { ...config, filter_subjects: [first!, more[0]!] });
  await bus.nc.request("genesis.v1.task.submitted.read-before.once", "{}");
  const read = await (await bus.js.consumers.get("GENESIS", "execution")).next({ expires: 2000 });
  assert.equal(await read?.ackAck(), true);
  const agents = [{ name: "worker", concurrency: 5 }];
  const { updated } = await setup(bus, { sizes: { ...sizes, logMaxBytes: 16 * MIB }, agents });
  assert.deepEqual(updated, ["execution"]);
  const widened = await jsm.consumers.info("GENESIS", "execution");
  assert.deepEqual(widened.config.filter_subjects, config.filter_subjects);
  assert.equal(widened.num_pending, 0);
  await bus.nc.request("genesis.v1.run.finished.read-now.once", "{}");
  const next = await (await bus.js.consumers.get("GENESIS", "execution")).next({ expires: 2000 });
  assert.equal(next?.subject, "genesis.v1.run.finished.read-now.once");
});
