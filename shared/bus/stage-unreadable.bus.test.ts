import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { deadLettersOfRun, put as store, standingOn } from "../../test/support/cell-log.ts";
import { eventually } from "../../test/support/eventually.ts";
import { dispatched, finished, refused, skipped, submitted } from "../../test/support/facts.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import { growthOf } from "../../test/support/metrics.ts";
import { recordSpans, spansOf } from "../../test/support/spans.ts";
import { GenesisError } from "../contract/errors.ts";
import type { NewEvent } from "../contract/events.ts";
import type { Work } from "./context.ts";
import { stage } from "./stage.ts";

let cell: TestCell;
let works: Work[] = [];
before(async () => {
  recordSpans();
  cell = await startCell();
});
after(() => cell.stop(...works));

beforeEach(async () => {
  await Promise.all(works.map(({ drain }) => drain()));
  works = [];
});

const put = (event: NewEvent) => store(cell.bus, event);
const standing = (subject: string) => standingOn(cell.bus, subject);

test("what cannot be read is one dead letter of whoever reads it first, and means something to whom it concerns", async () => {
  const noticed: string[] = [];
  const ctx = { ...cell.ctx, name: "htdag" };
  works.push(
    ...(await stage(ctx, { durable: "htdag", reads: ["task.submitted"], from: "run", decide: () => [] })),
  );
  works.push(
    ...(await stage(
      { ...cell.ctx, name: "execution" },
      {
        durable: "execution",
        reads: ["task.submitted", "plan.rejected", "step.completed"],
        from: "run",
        decide: () => [],
        decideUnreadable: ({ type, run, rest, id, error }, { lastSeq }) => {
          noticed.push([type, ...rest, id, error.code].join(" "));
          return [{ event: { ...finished(run), causationId: id }, expect: { runAt: lastSeq } }];
        },
      },
    )),
  );
  await put(submitted("garbled"));
  await cell.bus.nc.request("genesis.v1.plan.rejected.garbled.0", "not json");
  const end = await eventually(() => standing("genesis.v1.run.finished.garbled.once"));
  assert.equal(end.causationId, "");
  assert.deepEqual([...new Set(noticed)], ["plan.rejected 0  E_JSON"]);
  const letters = await eventually(async () => {
    const found = await deadLettersOfRun(cell.bus, "garbled");
    return found.length > 0 && found;
  });
  assert.deepEqual(
    letters.map(({ service, code }) => [service, code]),
    [["htdag", "E_JSON"]],
  );
});

test("what an unreadable fact leads to is told as what any other does", async () => {
  works.push(
    ...(await stage(
      { ...cell.ctx, name: "execution" },
      {
        durable: "execution",
        reads: ["task.submitted"],
        from: "run",
        decide: () => [],
        decideUnreadable: ({ run, id }, { lastSeq }) => [
          { event: { ...finished(run), causationId: id }, expect: { runAt: lastSeq } },
        ],
        observeUnreadable: ({ type }, written, { events }) => ({
          attributes: { "genesis.outcome": [type, ...written.map((event) => event.type)].join(" ") },
          points: [{ metric: "runRounds", labels: {}, value: events.length }],
        }),
      },
    )),
  );
  await put(submitted("told"));
  const counted = await growthOf("run_replan_rounds_count", async () => {
    const spans = await spansOf(async () => {
      await cell.bus.nc.request("genesis.v1.plan.validated.told.0", "not json");
      await eventually(() => standing("genesis.v1.run.finished.told.once"));
      await cell.bus.turns.idle();
    });
    const handled = spans.find(({ name }) => name === "process genesis.v1.plan.validated");
    assert.equal(handled?.attributes["genesis.outcome"], "plan.validated run.finished");
  });
  assert.equal(counted, 1);
});

test("what cannot be read stays with the broker until it is safe in the dead letters", async () => {
  let isAway = true;
  const { requests } = cell.bus;
  const one: typeof requests.one = (question) => {
    if (!isAway || !question.subject.startsWith("genesis.dlq.")) return requests.one(question);
    isAway = false;
    return Promise.reject(new GenesisError("E_STORAGE"));
  };
  const ctx = { ...cell.ctx, name: "htdag", bus: { ...cell.bus, requests: { ...requests, one } } };
  works.push(
    ...(await stage(ctx, { durable: "htdag", reads: ["task.submitted"], from: "run", decide: () => [] })),
  );
  await cell.bus.nc.request("genesis.v1.plan.rejected.kept.0", "not json");
  await eventually(async () => (await deadLettersOfRun(cell.bus, "kept")).length === 1);
  assert.equal(isAway, false);
});

test("what a stage is handed only to notice that it cannot be read costs no look at the run", async () => {
  const noticed: string[] = [];
  let reads = 0;
  const { runs } = cell.bus;
  const counting: typeof runs = {
    ...runs,
    upTo: (known) => (reads++, runs.upTo(known)),
    readOn: (run, atLeast) => (reads++, runs.readOn(run, atLeast)),
  };
  works.push(
    ...(await stage(
      { ...cell.ctx, name: "execution", bus: { ...cell.bus, runs: counting } },
      {
        durable: "execution",
        reads: ["run.signal"],
        from: "run",
        decide: () => [],
        decideUnreadable: ({ type }) => (noticed.push(type), []),
      },
    )),
  );
  const handled = async (seq: number) => {
    const { delivered } = await cell.bus.jsm.consumers.info("GENESIS", "execution");
    await cell.bus.turns.idle();
    return delivered.stream_seq >= seq;
  };
  const begun = await put(submitted("quiet"));
  await eventually(() => handled(begun));
  reads = 0;
  const spans = await spansOf(async () => {
    await put(dispatched("quiet", "s1"));
    await put(skipped("quiet", "s2"));
    await put(refused("quiet", "u1"));
    const last = await put(finished("quiet"));
    await eventually(() => handled(last));
  });
  assert.equal(reads, 0);
  assert.deepEqual(
    spans.filter(({ name }) => name.startsWith("process")),
    [],
  );
  const junk = ["step.dispatched.junk.s1.1.a.low", "step.skipped.junk.s2", "plan.refused.junk.u1"];
  await put(submitted("junk"));
  for (const rest of [...junk, "run.finished.junk.once"])
    await cell.bus.nc.request(`genesis.v1.${rest}`, "not json");
  await eventually(() => noticed.length === 4);
  assert.deepEqual(noticed.toSorted(), ["plan.refused", "run.finished", "step.dispatched", "step.skipped"]);
  assert.deepEqual(
    (await deadLettersOfRun(cell.bus, "junk")).map(({ service, code }) => `${service} ${code}`),
    Array(4).fill("execution E_JSON"),
  );
});
