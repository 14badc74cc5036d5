import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../test/support/eventually.ts";
import { finished, submitted } from "../../test/support/facts.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import { recordSpans, spansOf } from "../../test/support/spans.ts";
import type { Timer } from "../contract/subjects.ts";
import type { NewEvent } from "../contract/events.ts";
import type { Work } from "./context.ts";
import type { Runs } from "./runs.ts";
import { timerStage } from "./timer-stage.ts";
import { setTimer } from "./timers.ts";

let cell: TestCell;
let works: Work[];
const fired: { timer: Timer; firedAtMs: number; atMs: number }[] = [];
/** Runs that were read out of the log, each time. */
const read: string[] = [];
before(async () => {
  recordSpans();
  cell = await startCell();
  const readOn: Runs["readOn"] = (run, atLeast) => {
    read.push(run);
    return cell.bus.runs.readOn(run, atLeast);
  };
  const bus = { ...cell.bus, runs: { ...cell.bus.runs, readOn } };
  works = await timerStage(
    { ...cell.ctx, name: "execution", bus },
    {
      durable: "execution-timers",
      decide: ({ timer, firedAtMs }, { lastSeq }) => {
        fired.push({ timer, firedAtMs, atMs: Date.now() });
        if (timer.kind !== "deadline") return [];
        return [{ event: finished(timer.run, lastSeq), expect: { runAt: lastSeq } }];
      },
    },
  );
});
after(() => cell.stop(...works));

const put = (event: NewEvent) =>
  cell.bus.log.append({ event, expect: "subject" }, { correlationId: "corr-1" });
const arm = (timer: Timer, atMs: number) => setTimer(cell.bus, { timer, atMs }, "corr-1");
/** How many wake-ups of a run are set or fired and not handled yet. */
async function timersOf(run: string): Promise<number> {
  const filter = { subjects_filter: `genesis.timers.*.${run}.>` };
  const { state } = await cell.bus.jsm.streams.info("GENESIS_TIMERS", filter);
  return Object.keys(state.subjects ?? {}).length;
}
const firedFor = (run: string) => fired.filter(({ timer }) => timer.run === run);

test("a timer fires at its time, and not before", async () => {
  await put(submitted("timed"));
  const atMs = Date.now() + 600;
  await arm({ run: "timed", kind: "timeout", step: "s", attempt: 2 }, atMs);
  const [first] = await eventually(() => firedFor("timed").length > 0 && firedFor("timed"));
  assert.deepEqual(first?.timer, { run: "timed", kind: "timeout", step: "s", attempt: 2 });
  assert.ok(first.atMs >= atMs - 50 && first.atMs < atMs + 800, `${first.atMs - atMs} ms off`);
});

test("a wake-up that somebody else sent says by the broker's clock when", async () => {
  await put(submitted("forged"));
  await arm({ run: "forged", kind: "deadline" }, Date.now() + 3_600_000);
  const sentMs = Date.now();
  await cell.bus.js.publish("genesis.timers.fired.forged.deadline", "{}");
  const [first] = await eventually(() => firedFor("forged").length > 0 && firedFor("forged"));
  assert.ok(first !== undefined && Math.abs(first.firedAtMs - sentMs) < 1000);
});

test("a time that has passed fires at once", async () => {
  await put(submitted("late"));
  const began = Date.now();
  await arm({ run: "late", kind: "retry", step: "s", attempt: 1 }, began - 10_000);
  await eventually(() => firedFor("late").length > 0);
  assert.ok(Date.now() - began < 1000);
});

test("a timer that is set twice is one timer, the last time counts", async () => {
  await put(submitted("armed"));
  const timer: Timer = { run: "armed", kind: "timeout", step: "s", attempt: 1 };
  await arm(timer, Date.now() + 60_000);
  await arm(timer, Date.now() + 300);
  await eventually(() => firedFor("armed").length > 0);
  await sleep(500);
  assert.equal(firedFor("armed").length, 1);
});

test("a run that is woken decides from its log", async () => {
  await put(submitted("woken"));
  const spans = await spansOf(async () => {
    await arm({ run: "woken", kind: "deadline" }, Date.now());
    await eventually(() => cell.bus.log.read("genesis.v1.run.finished.woken.once"));
    await cell.bus.turns.idle();
  });
  const handling = spans.find(({ name }) => name === "process genesis.timers.fired");
  const setting = spans.find(({ name }) => name === "publish genesis.timers.set");
  assert.equal(handling?.parentSpanContext?.spanId, setting?.spanContext().spanId);
});

test("what is no longer due leaves nothing behind, not even a span", async () => {
  await put(submitted("over"));
  await put(finished("over"));
  await cell.bus.nc.request("genesis.v1.run.finished.garbled.once", "not json");
  read.length = 0;
  const spans = await spansOf(async () => {
    await arm({ run: "over", kind: "deadline" }, Date.now());
    await arm({ run: "garbled", kind: "deadline" }, Date.now());
    await arm({ run: "nobody", kind: "deadline" }, Date.now());
    await sleep(600);
  });
  assert.deepEqual(
    spans.filter(({ name }) => name.startsWith("process")),
    [],
  );
  assert.equal(await timersOf("over"), 0);
  assert.deepEqual([firedFor("over"), firedFor("garbled")], [[], []]);
  assert.deepEqual(read, ["nobody"], "whose end stands in the log need not be read");
});

test("a run that ends takes its timers with it", async () => {
  await put(submitted("ended"));
  for (const attempt of [1, 2])
    await arm({ run: "ended", kind: "timeout", step: "s", attempt }, Date.now() + 1000);
  await arm({ run: "going-on", kind: "timeout", step: "s", attempt: 1 }, Date.now() + 60_000);
  await arm({ run: "ended", kind: "deadline" }, Date.now());
  await eventually(() => cell.bus.log.read("genesis.v1.run.finished.ended.once"));
  await eventually(async () => (await timersOf("ended")) === 0, 700);
  await sleep(1300);
  assert.deepEqual(
    firedFor("ended").filter(({ timer }) => timer.kind === "timeout"),
    [],
  );
  assert.equal(await timersOf("going-on"), 1);
});
