import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { decomposed, dispatched, encoded, finished, signal, submitted } from "../../test/support/facts.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import type { Append, Decision, History } from "../contract/decider.ts";
import { GenesisError } from "../contract/errors.ts";
import type { NewEvent } from "../contract/events.ts";
import { carryOut } from "./carry-out.ts";

let cell: TestCell;
before(async () => {
  cell = await startCell();
});
after(() => cell.stop());

const put = (event: NewEvent) =>
  cell.bus.log.append({ event, expect: "subject" }, { correlationId: "corr-1" });
const standing = async (subject: string) => (await cell.bus.log.read(subject))?.event;
const typesIn = ({ events }: History) => events.map(({ type }) => type);
const isIn = (history: History, type: string) => history.events.some((event) => event.type === type);

/** Begins a run and has a decision about it carried out, from a history that ends with the task. */
async function carry(
  run: string,
  decide: (history: History) => Decision,
  { isRepeated = false, ...meanwhile }: { isRepeated?: boolean; stored?: NewEvent[] } = {},
): Promise<NewEvent[]> {
  await put(submitted(run));
  const history = await cell.bus.log.history(run);
  for (const event of meanwhile.stored ?? []) await put(event);
  const { bus } = cell;
  return carryOut(bus, { decide, history, runs: bus.runs, isRepeated, correlationId: "corr-1" });
}

test("what stands because of it is told, once", async () => {
  const append: Append = { event: decomposed("told"), expect: "subject" };
  assert.deepEqual(await carry("told", () => [append]), [append.event]);
  assert.deepEqual(await carry("told", () => [append]), []);
});

test("what was stored is told, also when its neighbours could not be", async () => {
  await put(submitted("torn"));
  const { bus } = cell;
  const append: typeof bus.log.append = async (asked, options) => {
    if (asked.event.step === "s2") throw new GenesisError("E_STORAGE");
    // Its neighbour has failed long before it is stored.
    await sleep(20);
    return bus.log.append(asked, options);
  };
  const told: string[] = [];
  const carried = carryOut(
    { ...bus, log: { ...bus.log, append } },
    {
      decide: () =>
        ["s1", "s2", "s3"].map((step) => ({ event: dispatched("torn", step), expect: "attempt" })),
      history: await bus.log.history("torn"),
      runs: bus.runs,
      isRepeated: false,
      correlationId: "corr-1",
      observe: (written) => {
        told.push(...written.map(({ step }) => step!));
        return {};
      },
    },
  );
  await assert.rejects(carried, { code: "E_STORAGE" });
  assert.deepEqual(told, ["s1", "s3"]);
});

test("where another fact stands it decides anew, from a history that holds it", async () => {
  const seen: string[][] = [];
  const written = await carry(
    "contested",
    (history) => {
      seen.push(typesIn(history));
      const event = isIn(history, "plan.decomposed")
        ? signal("contested", "noticed")
        : decomposed("contested", 0, "mine");
      return [{ event, expect: "subject" }];
    },
    { stored: [decomposed("contested", 0, "theirs")] },
  );
  assert.deepEqual(
    written.map(({ type }) => type),
    ["run.signal"],
  );
  assert.deepEqual(seen, [["task.submitted"], ["task.submitted", "plan.decomposed"]]);
  const stands = await standing("genesis.v1.plan.decomposed.contested.0");
  assert.equal(stands?.type === "plan.decomposed" && stands.data.because, "theirs");
});

test("who insists on a subject that is taken comes to an end", async () => {
  let times = 0;
  const decide = (): Decision => {
    times++;
    return [{ event: decomposed("stubborn", 0, "mine"), expect: "subject" }];
  };
  const stored = [decomposed("stubborn", 0, "theirs")];
  assert.deepEqual(await carry("stubborn", decide, { isRepeated: true, stored }), []);
  assert.equal(times, 2);
});

test("what depends on the run is decided anew until nobody comes between", async () => {
  let tries = 0;
  const written = await carry("busy", ({ lastSeq }) => {
    tries++;
    // Somebody adds to the run between the decision and its fact, three times; one connection keeps their order.
    const { subject, bytes } = encoded(signal("busy", `s${tries}`));
    if (tries <= 3) cell.bus.nc.publish(subject, bytes);
    return [{ event: finished("busy"), expect: { runAt: lastSeq } }];
  });
  assert.equal(tries, 4);
  assert.deepEqual(
    written.map(({ type }) => type),
    ["run.finished"],
  );
  assert.equal(typesIn(await cell.bus.log.history("busy")).at(-1), "run.finished");
});

const skip = (step: string, lastSeq: number): Append => ({
  event: {
    type: "step.skipped",
    run: "stepwise",
    step,
    tokens: [step],
    causationId: "c",
    data: { reason: "test" },
  },
  expect: { runAt: lastSeq },
});

const skipThenFinish = (history: History): Decision => {
  const { lastSeq } = history;
  if (!isIn(history, "step.skipped")) return ["a", "b", "c"].map((step) => skip(step, lastSeq));
  if (isIn(history, "run.finished")) return [];
  return [{ event: finished("stepwise", lastSeq), expect: { runAt: lastSeq } }];
};

test("a stage that is repeated goes on from its own facts until it has nothing to add", async () => {
  await carry("stepwise", skipThenFinish, { isRepeated: true });
  const { events } = await cell.bus.log.history("stepwise");
  assert.deepEqual(
    events.map(({ type, step }) => step ?? type),
    ["task.submitted", "a", "b", "c", "run.finished"],
  );
  const end = events.at(-1);
  assert.equal(end?.type === "run.finished" && end.data.through, events.at(-2)?.seq);
});

test("a fact that depends on the run is not expected behind others that might not be the last", async () => {
  let passes = 0;
  const written = await carry(
    "mixed",
    (history) => {
      passes++;
      const { lastSeq } = history;
      const steps = ["s1", "s2"].filter((step) => !history.events.some((event) => event.step === step));
      const attempts = steps.map((step) => ({
        event: dispatched("mixed", step),
        expect: "attempt" as const,
      }));
      return [...attempts, { event: finished("mixed", lastSeq), expect: { runAt: lastSeq } }];
    },
    { isRepeated: true },
  );
  // First the two dispatches, and the end is refused because of them; then the end, and nothing is read after it.
  assert.equal(passes, 2);
  assert.deepEqual(
    written.map(({ type }) => type),
    ["step.dispatched", "step.dispatched", "run.finished"],
  );
});

test("a timer that is decided again and again is set once", async () => {
  const timer = { run: "timed", kind: "deadline" } as const;
  let passes = 0;
  await carry(
    "timed",
    () => {
      passes++;
      const append: Append[] = passes === 1 ? [{ event: signal("timed", "x"), expect: "subject" }] : [];
      return [...append, { timer, atMs: Date.now() + 60_000 }];
    },
    { isRepeated: true },
  );
  assert.equal(passes, 2);
  const { state } = await cell.bus.jsm.streams.info("GENESIS_TIMERS");
  assert.equal(state.last_seq, 1);
});

test("what stood under a run's id before its task keeps its subject and is no part of the run", async () => {
  const seen: string[][] = [];
  await put(decomposed("squatted", 0, "theirs"));
  const written = await carry("squatted", (history) => {
    seen.push(typesIn(history));
    return [
      { event: decomposed("squatted", 0, "mine"), expect: "subject" },
      { event: signal("squatted", "handled"), expect: "subject" },
    ];
  });
  assert.deepEqual(
    written.map(({ type }) => type),
    ["run.signal"],
  );
  assert.deepEqual(seen.at(-1), ["task.submitted", "run.signal"]);
});
