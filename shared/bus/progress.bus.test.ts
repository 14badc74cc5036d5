import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../test/support/eventually.ts";
import { startCell } from "../../test/support/nats.ts";
import { tellProgress, watchProgress, type Progress } from "./progress.ts";

const of = (run: string, note: Progress["note"]) => ({ run, step: "s", attempt: 1, note });

test("who watches a run hears how far its steps are, and nothing that is no progress", async (t) => {
  const { bus, stop } = await startCell([]);
  t.after(() => stop());
  const heard: Progress[] = [];
  const unwatch = watchProgress(bus, "run", (progress) => heard.push(progress));
  bus.nc.publish("genesis.progress.run.s", "not json");
  bus.nc.publish("genesis.progress.run.s", JSON.stringify(of("another", "forged")));
  tellProgress(bus, of("another", "elsewhere"));
  tellProgress(bus, of("run", "x".repeat(100_000)));
  tellProgress(bus, of("run", { huge: 1n } as never));
  tellProgress(bus, of("run", "half way"));
  tellProgress(bus, of("run", { done: 2, of: 2 }));
  await eventually(() => heard.length === 2);
  assert.deepEqual(heard, [of("run", "half way"), of("run", { done: 2, of: 2 })]);
  unwatch();
  tellProgress(bus, of("run", "nobody hears"));
  await bus.nc.flush();
  assert.equal(heard.length, 2);
});
