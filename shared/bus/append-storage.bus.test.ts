import assert from "node:assert/strict";
import { test } from "node:test";
import { encoded, submitted } from "../../test/support/facts.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import { GenesisError } from "../contract/errors.ts";
import type { NewEvent } from "../contract/events.ts";
import { appender, type Outcome } from "./append.ts";
import { openLog } from "./log.ts";
import { publish } from "./publish.ts";
import { headersOf, type Requests } from "./requests.ts";

const isStorageError = (error: unknown) => error instanceof GenesisError && error.code === "E_STORAGE";
const options = { correlationId: "corr-1" };

/** Appends as everybody does, only with less patience. */
function impatient({ bus }: TestCell): (event: NewEvent) => Promise<unknown> {
  return (event) => bus.log.append({ event, expect: "subject" }, { ...options, tryForMs: 500 });
}

test("a fact whose id was used for another is not taken for stored, and is given up in time", async (t) => {
  const cell = await startCell([]);
  t.after(() => cell.stop());
  const { id, subject } = encoded(submitted("stolen"));
  const stolen = headersOf({ "Nats-Msg-Id": id });
  // Whatever comes with this id now, the broker calls it a duplicate for two minutes.
  await cell.bus.nc.request("genesis.v1.run.signal.thief.x", "{}", { timeout: 5000, headers: stolen });
  await assert.rejects(impatient(cell)(submitted("stolen")), isStorageError);
  assert.equal(await cell.bus.log.read(subject), undefined);
});

test("a bug while what stands is looked up is no storage that is away", async (t) => {
  const cell = await startCell([]);
  t.after(() => cell.stop());
  const { bus } = cell;
  await bus.log.append({ event: submitted("taken"), expect: "subject" }, options);
  const stream = { requests: bus.requests, name: bus.names.log, subjects: bus.subjects };
  const buggy = appender(stream, {
    ...bus.log,
    read: async () => {
      throw new TypeError("a bug");
    },
  });
  const append = buggy({ event: submitted("taken"), expect: "subject" }, options);
  await assert.rejects(append, new TypeError("a bug"));
});

test("a message that could never be sent is a bug, not a storage that is away", async (t) => {
  const cell = await startCell([]);
  t.after(() => cell.stop());
  const message = { subject: "genesis.tasks", bytes: "{}", headers: { key: "two\nlines" } };
  await assert.rejects(publish(cell.bus.requests, message), /values cannot contain/);
});

/** Appends while the answers to so many requests are lost, which are done all the same. */
function deaf({ bus }: TestCell, losses: number): (event: NewEvent, tryForMs?: number) => Promise<Outcome> {
  let asked = 0;
  const one: Requests["one"] = async (question) => {
    const reply = await bus.requests.one(question);
    if (asked++ < losses) throw new GenesisError("E_STORAGE");
    return reply;
  };
  const log = openLog(
    { requests: { ...bus.requests, one }, name: bus.names.log, subjects: bus.subjects },
    bus.jsm,
  );
  return (event, tryForMs = 5000) => log.append({ event, expect: "subject" }, { ...options, tryForMs });
}

test("a fact whose acknowledgement was lost is this process's own, and one that stood before is not", async (t) => {
  const cell = await startCell([]);
  t.after(() => cell.stop());
  const append = deaf(cell, 1);
  const outcome = await append(submitted("unheard"));
  const { event } = (await cell.bus.log.read("genesis.v1.task.submitted.unheard.once"))!;
  const { traceparent, seq } = event!;
  assert.deepEqual(outcome, { kind: "stored", seq, again: false, traceparent });
  assert.deepEqual(await append(submitted("unheard")), { ...outcome, again: true });
});

test("a fact that was given up and stands all the same is news once, to whoever tries again", async (t) => {
  const cell = await startCell([]);
  t.after(() => cell.stop());
  // Neither what became of it is heard, nor what stands.
  const append = deaf(cell, 2);
  await assert.rejects(append(submitted("gone"), 1), isStorageError);
  const again = async () => {
    const outcome = await append(submitted("gone"));
    return outcome.kind === "stored" && outcome.again;
  };
  assert.deepEqual([await again(), await again()], [false, true]);
});

test("a full log refuses, and takes nothing", async (t) => {
  const cell = await startCell([], { logMaxBytes: 64 * 1024 });
  t.after(() => cell.stop());
  const data = { goal: "x".repeat(30_000) };
  for (const run of ["f1", "f2"])
    await cell.bus.log.append({ event: submitted(run, data), expect: "subject" }, options);
  await assert.rejects(impatient(cell)(submitted("f3", data)), isStorageError);
  assert.equal((await cell.bus.log.info()).messages, 2);
});

test("while the broker is away facts wait, and are stored when it is back", async (t) => {
  const cell = await startCell([]);
  t.after(() => cell.stop());
  await cell.server.kill();
  const waiting = ["w1", "w2", "w3"].map((run) =>
    cell.bus.log.append({ event: submitted(run), expect: "subject" }, options),
  );
  await cell.server.restart();
  const outcomes = await Promise.all(waiting);
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ["stored", "stored", "stored"],
  );
  assert.equal((await cell.bus.log.scan("task.submitted", { max: 10 })).events.length, 3);
});
