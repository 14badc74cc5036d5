import assert from "node:assert/strict";
import { test } from "node:test";
import { submitted } from "../../test/support/facts.ts";
import { startCell } from "../../test/support/nats.ts";
import { openDoors } from "../../shared/bus/door.ts";
import type { ErrorShape } from "../../shared/contract/errors.ts";
import { submit } from "./submit.ts";

test("whoever asks while the log is full is told so before the request is given up", async (t) => {
  const cell = await startCell([], { logMaxBytes: 64 * 1024 });
  const { bus } = cell;
  const works = await openDoors({ ...cell.ctx, name: "gateway" }, (arrival) =>
    submit(bus, arrival, async () => true),
  );
  t.after(() => cell.stop(...works));
  const filler = { event: submitted("filler", { goal: "x".repeat(60_000) }), expect: "subject" } as const;
  assert.equal((await bus.log.append(filler, { correlationId: "c" })).kind, "stored");
  const task = JSON.stringify({ goal: "x".repeat(10_000) });
  const reply = await bus.nc.request("genesis.submit", task, { timeout: 5000 });
  assert.equal(reply.json<ErrorShape>().code, "E_STORAGE");
});
