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
import { timerStage } from "./timer-stage.ts";
import { setTimer } from "./timers.ts";

let cell: TestCell;
let works: Work[];
const fired: { timer: Timer; atMs: number }[] = [];
before(async () => {
  recordSpans();
  cell = await startCell();
  works = await timerStage(
    { ...cell.ctx, name: "execution" },
    {
      durable: "execution-timers",
      decide: (timer, { lastSeq, events }) => {
        fired.push({ timer, atMs: Date.now() });
        if (timer.kind !== "deadline" || events.some(({ type }) => type === "run.finished")) return [];
        return [{ event: finished(timer.run, lastSeq), expect: { runAt: lastSeq } }];
      },
    },
  );
});
after(() => cell.stop(...works));

const put = (event: NewEvent) =>
  cell.bus.log.append({ event, expect: "subject" }, { correlationId: "corr-1" });
const arm = (timer: Timer, atMs: number) => setTimer(cell.bus, { timer, atMs }, "corr-1");
const firedFor = (run: string) => fired.filter(({ timer }) => timer.run === run);

test("a timer fires at its time, and not before", async () => {
  await put(submitted("timed"));
  const atMs = Date.now() + 600;
  await arm({ run: "timed", kind: "timeout", step: "s", attempt: 2 }, atMs);
  const [first] = await eventually(() => firedFor("timed").length > 0 && firedFor("timed"));
  assert.deepEqual(first?.timer, { run: "timed", kind: "timeout", step: "s", attempt: 2 });
  assert.ok(first.atMs >= atMs - 50 && first.atMs < atMs + 800, `${first.atMs - atMs} ms off`);
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
  const spans = await spansOf(async () => {
    await arm({ run: "over", kind: "deadline" }, Date.now());
    await arm({ run: "nobody", kind: "deadline" }, Date.now());
    await sleep(600);
  });
  assert.deepEqual(
    spans.filter(({ name }) => name.startsWith("process")),
    [],
  );
  const { state } = await cell.bus.jsm.streams.info("GENESIS_TIMERS");
  assert.equal(state.messages, 0);
  assert.equal(firedFor("over").length, 0);
});
