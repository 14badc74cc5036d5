import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  encoded,
  completed,
  decomposed,
  dispatched,
  finished,
  signal,
  submitted,
} from "../../test/support/facts.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import type { Append } from "../contract/decider.ts";
import { GenesisError } from "../contract/errors.ts";
import type { NewEvent } from "../contract/events.ts";
import { headersOf } from "./requests.ts";

let cell: TestCell;
before(async () => {
  cell = await startCell();
});
after(() => cell.stop());

const options = { correlationId: "corr-1" };
const append = (event: NewEvent, expect: Append["expect"] = "subject") =>
  cell.bus.log.append({ event, expect }, options);
const isError = (code: string) => (error: unknown) => error instanceof GenesisError && error.code === code;

test("a fact is stored with the headers of the contract, and reads back as it was written", async () => {
  const outcome = await append(submitted("stored"));
  assert.equal(outcome.kind, "stored");
  const subject = "genesis.v1.task.submitted.stored.once";
  const stored = await cell.bus.log.readStored(subject);
  const { id } = encoded(submitted("stored"));
  assert.deepEqual(stored?.headers.get("Nats-Msg-Id"), [id]);
  assert.deepEqual(stored?.headers.get("correlation-id"), ["corr-1"]);
  assert.deepEqual(stored?.headers.get("causation-id"), [""]);
  assert.deepEqual(stored?.headers.get("content-type"), ["application/json"]);
  assert.match(stored?.headers.get("traceparent")?.[0] ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
  assert.match(stored?.storedAtNs ?? "", /^\d{19}$/);
  const fact = await cell.bus.log.read(subject);
  assert.equal(fact?.event?.id, id);
  assert.deepEqual(fact?.event?.data, submitted("stored").data);
  assert.equal(fact?.event?.storedAtMs, stored?.storedAtMs);
});

test("a fact says when it was made", async () => {
  const event = submitted("dated");
  const madeAtMs = Date.parse("2026-02-03T04:05:06.789Z");
  await cell.bus.log.append({ event, expect: "subject" }, { ...options, madeAtMs });
  const fact = await cell.bus.log.read("genesis.v1.task.submitted.dated.once");
  assert.equal(fact?.event?.time, "2026-02-03T04:05:06.789Z");
});

test("nothing stands where nothing was written", async () => {
  assert.equal(await cell.bus.log.read("genesis.v1.task.submitted.nobody.once"), undefined);
});

test("the same fact again is the fact that stands", async () => {
  const first = await append(submitted("again"));
  const second = await append(submitted("again"));
  assert.deepEqual(second, { ...first, again: true });
});

test("the same fact again is the one that stands, whatever JSON made of its numbers", async () => {
  const fact = completed("numbers", "s", { ratio: Number.NaN, rate: Number.POSITIVE_INFINITY, zero: -0 });
  const first = await append(fact);
  assert.deepEqual(await append(fact), { ...first, again: true });
});

test("another fact on a taken subject is superseded, and the one that stands is told", async () => {
  await append(decomposed("taken", 0, "the first"));
  const outcome = await append(decomposed("taken", 0, "the second"));
  assert.equal(outcome.kind, "superseded");
  assert.equal(
    outcome.kind === "superseded" &&
      outcome.by.event?.type === "plan.decomposed" &&
      outcome.by.event.data.because,
    "the first",
  );
});

test("an unreadable fact stands as well as any other", async () => {
  await cell.bus.nc.request("genesis.v1.plan.decomposed.garbage.0", "not json");
  const outcome = await append(decomposed("garbage"));
  assert.equal(outcome.kind === "superseded" && outcome.by.unreadable?.error.code, "E_JSON");
});

test("an attempt goes to one agent, whichever was first", async () => {
  assert.equal((await append(dispatched("one", "s", { agent: "worker" }), "attempt")).kind, "stored");
  const other = await append(dispatched("one", "s", { agent: "another" }), "attempt");
  assert.equal(
    other.kind === "superseded" && other.by.event?.type === "step.dispatched" && other.by.event.data.agent,
    "worker",
  );
  assert.equal(
    (await append(dispatched("one", "s", { attempt: 2, agent: "another" }), "attempt")).kind,
    "stored",
  );
  const again = await append(dispatched("one", "s", { agent: "worker" }), "attempt");
  assert.equal(again.kind === "stored" && again.again, true);
});

test("what depends on the run is refused once anything was added to it, readable or not", async () => {
  const first = await append(submitted("moving"));
  const runAt = first.kind === "stored" ? first.seq : 0;
  await append(completed("moving", "a"));
  assert.deepEqual(await append(finished("moving"), { runAt }), { kind: "moved" });
  const { lastSeq } = await cell.bus.log.history("moving");
  await cell.bus.nc.request("genesis.v1.no.fact.moving.x", "whatever");
  assert.deepEqual(await append(finished("moving"), { runAt: lastSeq }), { kind: "moved" });
  const history = await cell.bus.log.history("moving");
  assert.equal((await append(finished("moving"), { runAt: history.lastSeq })).kind, "stored");
});

test("what is too large is not sent", async () => {
  await assert.rejects(append(completed("large", "s", "x".repeat(256 * 1024))), isError("E_TOO_LARGE"));
  await assert.rejects(append(completed("large", "a.b")), isError("E_ID"));
});

test("a history holds everything under the run's id in stream order, and what cannot be read apart", async () => {
  await append(submitted("whole"));
  await cell.bus.nc.request("genesis.v1.step.completed.whole.bad", "{", {
    timeout: 1000,
    headers: headersOf({ "Nats-Msg-Id": "an-id" }),
  });
  await append(signal("whole", "first"));
  await append(signal("whole-but-another", "x"));
  const { events, unreadable, lastSeq } = await cell.bus.log.history("whole");
  assert.deepEqual(
    events.map(({ type }) => type),
    ["task.submitted", "run.signal"],
  );
  assert.deepEqual(
    unreadable.map(({ type, run, rest, id, error }) => ({ type, run, rest, id, code: error.code })),
    [{ type: "step.completed", run: "whole", rest: ["bad"], id: "an-id", code: "E_JSON" }],
  );
  assert.equal(lastSeq, events[1]?.seq);
  const later = await cell.bus.log.history("whole", { after: events[0]!.seq });
  assert.deepEqual(
    later.events.map(({ type }) => type),
    ["run.signal"],
  );
  assert.equal(later.unreadable.length, 1);
  const none = await cell.bus.log.history("whole", { after: lastSeq });
  assert.deepEqual({ events: none.events, lastSeq: none.lastSeq }, { events: [], lastSeq });
});

test("a run of more facts than the broker lists at once is read to its end, and read on", async () => {
  const { nc } = cell.bus;
  await append(submitted("long"));
  const count = 1500;
  for (let first = 0; first < count; first += 100) {
    const facts = Array.from({ length: 100 }, (_, i) => encoded(signal("long", `s${first + i}`)));
    await Promise.all(facts.map(({ subject, bytes }) => nc.request(subject, bytes, { timeout: 5000 })));
  }
  const { events, lastSeq } = await cell.bus.log.history("long");
  assert.equal(events.length, count + 1);
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map(({ seq }) => seq).toSorted((a, b) => a - b),
  );
  assert.equal(lastSeq, events.at(-1)?.seq);
  const later = await cell.bus.log.history("long", { after: events.at(-3)!.seq });
  assert.deepEqual(later.events, events.slice(-2));
});

test("facts of a type are read over all runs, page by page", async () => {
  for (const run of ["p1", "p2", "p3"]) await append(finished(run));
  const first = await cell.bus.log.scan("run.finished", { max: 2 });
  assert.equal(first.events.length, 2);
  const rest = await cell.bus.log.scan("run.finished", { fromSeq: first.nextSeq!, max: 100 });
  const runs = [...first.events, ...rest.events].map(({ run }) => run);
  assert.deepEqual(runs.slice(-3), ["p1", "p2", "p3"]);
  assert.equal(rest.nextSeq, undefined);
  assert.deepEqual(await cell.bus.log.scan("run.finished", { sinceMs: Date.now() + 60_000, max: 10 }), {
    events: [],
    nextSeq: undefined,
  });
});

test("the log tells how full it is", async () => {
  const { bytes, maxBytes, messages } = await cell.bus.log.info();
  assert.equal(maxBytes, 64 * 1024 * 1024);
  assert.ok(bytes > 0 && messages > 0);
});
