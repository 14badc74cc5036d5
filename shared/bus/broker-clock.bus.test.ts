import assert from "node:assert/strict";
import { mock, test } from "node:test";
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
