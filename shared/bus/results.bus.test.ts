import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { completed, dispatched } from "../../test/support/facts.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import { GenesisError } from "../contract/errors.ts";
import type { StoredEvent } from "../contract/events.ts";
import { sha256 } from "../contract/plan-hash.ts";
import { resolveResults } from "./results.ts";

let cell: TestCell;
before(async () => {
  cell = await startCell();
});
after(() => cell.stop());

const asked = (results: Record<string, unknown>) =>
  dispatched("run", "reads", { results }) as unknown as StoredEvent<"step.dispatched">;

async function referenceTo(step: string, output: unknown) {
  const { log } = cell.bus;
  await log.append({ event: completed("run", step, output), expect: "subject" }, { correlationId: "c" });
  const stored = await log.readStored(`genesis.v1.step.completed.run.${step}`);
  return { $ref: stored!.subject, bytes: stored!.bytes.length, sha256: sha256(stored!.bytes) };
}

test("a reference is replaced by the output that it names, and nothing else is", async () => {
  const reference = await referenceTo("big", { rows: [1, 2, 3] });
  // An agent may return what looks like a reference to another's result. It is an output like any other.
  const results = { big: reference, sly: reference, plain: "text", none: null };
  assert.deepEqual(await resolveResults(cell.bus, asked(results)), { ...results, big: { rows: [1, 2, 3] } });
});

test("a message that is not the one that was meant is refused", async () => {
  const reference = await referenceTo("other", 1);
  for (const wrong of [{ sha256: "0".repeat(64) }, { bytes: 1 }]) {
    await assert.rejects(
      resolveResults(cell.bus, asked({ other: { ...reference, ...wrong } })),
      (error) => error instanceof GenesisError && error.code === "E_SCHEMA",
    );
  }
});
