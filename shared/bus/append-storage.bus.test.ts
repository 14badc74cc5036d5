import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encoded, submitted } from "../../test/support/facts.ts";
import { startCell } from "../../test/support/nats.ts";
import { GenesisError } from "../contract/errors.ts";
import type { NewEvent } from "../contract/events.ts";
import { headersOf } from "./requests.ts";

const isStorageError = (error: unknown) => error instanceof GenesisError && error.code === "E_STORAGE";

// Each waits for its broker, so they wait together.
describe("a broker that stores nothing", { concurrency: true }, () => {
  test("a fact that cannot be stored is given up in time, and never taken for stored", async (t) => {
    const { bus, stop } = await startCell();
    t.after(() => stop());
    const append = (event: NewEvent) =>
      bus.log.append({ event, expect: "subject" }, { correlationId: "corr-1" });
    const { id, subject } = encoded(submitted("stolen"));
    const stolen = headersOf({ "Nats-Msg-Id": id });
    // Whatever comes with this id now, the broker calls it a duplicate for two minutes.
    await bus.nc.request("genesis.v1.run.signal.thief.x", "{}", { timeout: 5000, headers: stolen });
    const began = performance.now();
    await assert.rejects(append(submitted("stolen")), isStorageError);
    assert.ok(performance.now() - began < 25_000, "before the message that it follows from comes again");
    assert.equal(await bus.log.read(subject), undefined);
  });

  test("while the broker is away facts wait, and are stored when it is back", async (t) => {
    const { bus, server, stop } = await startCell();
    t.after(() => stop());
    await server.kill();
    const runs = ["w1", "w2", "w3"];
    const waiting = runs.map((run) =>
      bus.log.append({ event: submitted(run), expect: "subject" }, { correlationId: "c" }),
    );
    await server.restart();
    const outcomes = await Promise.all(waiting);
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ["stored", "stored", "stored"],
    );
    assert.equal((await bus.log.scan("task.submitted", { max: 10 })).events.length, 3);
  });

  test("a full log refuses and takes nothing", async (t) => {
    const { bus, stop } = await startCell([], { logMaxBytes: 64 * 1024 });
    t.after(() => stop());
    const goal = "x".repeat(30_000);
    const append = (run: string) =>
      bus.log.append({ event: submitted(run, { goal }), expect: "subject" }, { correlationId: "c" });
    assert.equal((await append("f1")).kind, "stored");
    assert.equal((await append("f2")).kind, "stored");
    await assert.rejects(append("f3"), isStorageError);
  });
});
