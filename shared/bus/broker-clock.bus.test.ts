import assert from "node:assert/strict";
import { mock, test, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { submitted } from "../../test/support/facts.ts";
import { startCell } from "../../test/support/nats.ts";
import { GenesisError } from "../contract/errors.ts";
import { openBrokerClock } from "./broker-clock.ts";

const HOUR_MS = 3_600_000;
const one = () => Promise.reject(new GenesisError("E_STORAGE"));

test("the age of what the broker stored does not depend on this machine's clock", async (t) => {
  const { bus, stop } = await startCell([]);
  t.after(() => stop());
  const trueMs = Date.now();
  mock.method(Date, "now", () => trueMs + HOUR_MS);
  t.after(() => mock.restoreAll());
  const clock = await openBrokerClock(bus);
  await bus.log.append({ event: submitted("r"), expect: "subject" }, { correlationId: "c" });
  const fact = await bus.log.read("genesis.v1.task.submitted.r.once");
  const ageMs = clock() - fact!.event!.storedAtMs;
  assert.ok(ageMs > -100 && ageMs < 5000, `${ageMs} ms`);
});

test("a broker that does not tell has the time of this machine", async () => {
  const requests = { one, many: one, isOpen: () => false, failAll: () => {} };
  const clock = await openBrokerClock({ requests, names: {} as never });
  assert.ok(Math.abs(clock() - Date.now()) < 100);
});

/** The clock of a broker whose every answer is on its way for as long as told; all of it on the way back, which is the worst case. */
async function slowBroker(t: TestContext, ways: number[]) {
  let nowMs = 0;
  t.mock.method(performance, "now", () => nowMs);
  const answer = async () => {
    const ts = new Date(nowMs).toISOString();
    const wayMs = ways.shift()!;
    if (wayMs === Number.POSITIVE_INFINITY) throw new GenesisError("E_STORAGE");
    nowMs += wayMs;
    return { data: Buffer.from(JSON.stringify({ ts })) } as never;
  };
  const requests = { one: answer, many: one, isOpen: () => true, failAll: () => {} };
  const clock = await openBrokerClock({ requests, names: {} as never });
  return {
    /** By how much the clock is off so long after, when whatever it reads then is read. */
    errorAfter: async (ms: number): Promise<number> => {
      nowMs += ms;
      clock();
      await setImmediate();
      return clock() - nowMs;
    },
    left: () => ways.length,
  };
}

test("one slow answer does not spoil the clock: the reading with the smallest round trip holds", async (t) => {
  const { errorAfter, left } = await slowBroker(t, [4000, 300, 1000, 2000, 20, 4000]);
  assert.equal(await errorAfter(0), -150, "the best of the first three");
  assert.equal(await errorAfter(5001), -150, "a slower one changes nothing");
  assert.equal(await errorAfter(5001), -10);
  assert.equal(await errorAfter(599_000), -10);
  assert.equal(left(), 1, "a good one holds for ten minutes");
  assert.equal(await errorAfter(1001), -10);
  assert.equal(left(), 0);
});

test("a reading that failed is made again after seconds", async (t) => {
  const { errorAfter, left } = await slowBroker(t, [Number.POSITIVE_INFINITY, 20]);
  await errorAfter(4000);
  assert.equal(left(), 1);
  assert.equal(await errorAfter(1001), -10);
});
