import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, headers } from "@nats-io/transport-node";
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Leaves a task in the inbox and picks up its answer, with nobody to ask in between: whoever chooses the key knows the run. This
 * also works while nothing of Genesis runs but the broker; the answer comes when it does.
 *
 *   node cli/genesis.js --node examples/03-from-bare-nats.ts "Launch a small online shop" [KEY] [URL]
 */
const [goal, key = crypto.randomUUID(), servers = process.env["NATS_URL"] || "nats://127.0.0.1:4222"] =
  process.argv.slice(2);
if (goal === undefined) {
  console.error("usage: node cli/genesis.js --node examples/03-from-bare-nats.ts GOAL [KEY] [URL]");
  process.exit(2);
}
const run = createHash("sha256").update(`key|${key}`).digest("hex").slice(0, 32);
const nc = await connect({ servers });

// A task that is refused ends in the dead letters, which say whose it was.
const refusals: string[] = [];
nc.subscribe("genesis.dlq.gateway.>", {
  callback: (_, letter) => {
    if (letter.headers?.get("correlation-id") === run)
      refusals.push(letter.json<{ reason: string }>().reason);
  },
});

const given = headers();
given.set("idempotency-key", key);
given.set("correlation-id", run);
// Resolves when the task is safe on disk.
await jetstream(nc).publish("genesis.tasks", JSON.stringify({ goal }), { headers: given });

const { direct } = await jetstreamManager(nc);
const end = { last_by_subj: `genesis.v1.run.finished.${run}.once` };
let answer = await direct.getMessage("GENESIS", end);
for (; answer === null && refusals.length === 0; answer = await direct.getMessage("GENESIS", end))
  await sleep(100);
console.log(answer ? JSON.stringify(answer.json<{ data: object }>().data) : refusals[0]);
process.exitCode = answer?.json<{ data: { outcome: string } }>().data.outcome === "completed" ? 0 : 1;
await nc.close();
