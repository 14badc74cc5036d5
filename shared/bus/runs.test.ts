import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventType, StoredEvent } from "../contract/events.ts";
import { GenesisError } from "../contract/errors.ts";
import type { HistoryReader } from "./history.ts";
import { keepRuns } from "./runs.ts";

/** An event as far as these tests look at it. */
const event = (run: string, type: EventType, seq: number) => ({ run, type, seq }) as StoredEvent;

/** A log in memory, and how often it was read from where. */
function logOf(...facts: StoredEvent[]) {
  const reads: string[] = [];
  const read: HistoryReader = async (run, { after = 0 } = {}) => {
    reads.push(`${run} after ${after}`);
    const events = facts.filter((fact) => fact.run === run && fact.seq > after);
    return { run, events, unreadable: [], lastSeq: events.at(-1)?.seq ?? after, bytes: events.length };
  };
  return { facts, reads, read };
}
const known = (one: StoredEvent) => ({ run: one.run, seq: one.seq, event: one, bytes: 1 });

test("a run is read once, and then only on from there", async () => {
  const [task, plan, verdict] = [
    event("r", "task.submitted", 1),
    event("r", "plan.routed", 5),
    event("r", "plan.validated", 9),
  ];
  const log = logOf(task, plan);
  const runs = keepRuns(log.read);
  assert.deepEqual((await runs.upTo(known(plan))).events, [task, plan]);
  assert.deepEqual((await runs.upTo(known(task))).events, [task, plan]);
  assert.deepEqual(log.reads, ["r after 0"]);
  log.facts.push(verdict);
  const history = await runs.upTo(known(verdict));
  assert.deepEqual(history.events, [task, plan, verdict]);
  assert.equal(history.lastSeq, 9);
  assert.deepEqual(log.reads, ["r after 0", "r after 5"]);
});

test("a run that begins needs no reading", async () => {
  const task = event("r", "task.submitted", 3);
  const log = logOf(task);
  const runs = keepRuns(log.read);
  assert.deepEqual(await runs.upTo(known(task)), {
    run: "r",
    events: [task],
    unreadable: [],
    lastSeq: 3,
    bytes: 1,
  });
  assert.deepEqual(log.reads, []);
  await runs.readOn("r", 3);
  assert.deepEqual(log.reads, ["r after 3"]);
});

test("what came before the task is left out, also when the task comes later", async () => {
  const [early, task, late] = [
    event("r", "plan.routed", 1),
    event("r", "task.submitted", 5),
    event("r", "run.signal", 6),
  ];
  const log = logOf(early);
  const runs = keepRuns(log.read);
  assert.deepEqual((await runs.upTo(known(early))).events, []);
  log.facts.push(task, late);
  assert.deepEqual((await runs.upTo(known(late))).events, [task, late]);
});

test("what was not used for longest is forgotten first, by number and by size", async () => {
  const tasks = ["a", "b", "c"].map((run, i) => event(run, "task.submitted", i + 1));
  const log = logOf(...tasks);
  for (const bounds of [
    { runs: 2, bytes: 100 },
    { runs: 100, bytes: 2 },
  ]) {
    log.reads.length = 0;
    const runs = keepRuns(log.read, bounds);
    const [a, b, c] = tasks as [StoredEvent, StoredEvent, StoredEvent];
    for (const one of [a, b, a, c]) await runs.upTo(known(one));
    for (const one of [a, b, c]) await runs.readOn(one.run, one.seq);
    assert.deepEqual(log.reads, ["a after 1", "b after 0", "c after 0"]);
  }
});

test("a run that is larger than all there is room for stays while it is at hand", async () => {
  const [task, plan] = [event("big", "task.submitted", 1), event("big", "plan.routed", 2)];
  const other = event("other", "task.submitted", 3);
  const log = logOf(task, plan, other);
  const runs = keepRuns(log.read, { runs: 10, bytes: 1 });
  for (let times = 0; times < 3; times++) await runs.readOn("big", 2);
  assert.deepEqual(log.reads, ["big after 0", "big after 2", "big after 2"]);
  await runs.upTo(known(other));
  await runs.readOn("big", 2);
  assert.equal(log.reads.at(-1), "big after 0");
});

test("a broker that does not show far enough is an error that passes", async () => {
  const runs = keepRuns(logOf(event("r", "task.submitted", 1)).read);
  await assert.rejects(
    runs.readOn("r", 2),
    (error) => error instanceof GenesisError && error.code === "E_STORAGE",
  );
});
