import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, headers } from "@nats-io/transport-node";
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Cancels a run by appending a fact to the log: a signal, on a subject of its own that holds one message.
 *
 *   node cli/genesis.js --node examples/04-cancel.ts RUN [URL]
 */
const [run, servers = process.env["NATS_URL"] || "nats://127.0.0.1:4222"] = process.argv.slice(2);
if (run === undefined) {
  console.error("usage: node cli/genesis.js --node examples/04-cancel.ts RUN [URL]");
  process.exit(2);
}
const nc = await connect({ servers });
const { direct } = await jetstreamManager(nc);
const read = (fact: string) => direct.getMessage("GENESIS", { last_by_subj: `genesis.v1.${fact}` });

const task = await read(`task.submitted.${run}.once`);
if (task === null) throw new Error(`there is no run ${run}`);
const { correlationId } = task.json<{ correlationId: string }>();
const signal = `run.signal.${run}.cancel`;
// An id is derived from the subject and the cause. This comes from outside, so nothing in the log caused it.
const id = createHash("sha256").update(`genesis.v1.${signal}|`).digest("hex").slice(0, 32);
const data = { kind: "cancel", actor: { kind: "user", name: "examples/04-cancel.ts" } };
const time = new Date().toISOString();
const event = { id, type: "run.signal", version: 1, run, causationId: "", correlationId, time, data };
const given = headers();
given.set("correlation-id", correlationId);
given.set("causation-id", "");
given.set("content-type", "application/json");
given.set("traceparent", `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-01`);
const options = { msgID: id, expect: { lastSubjectSequence: 0 }, headers: given };
const append = jetstream(nc).publish(`genesis.v1.${signal}`, JSON.stringify(event), options);
await append.catch(async (error) => {
  // Any answer but a plain yes means: look. A cancel that stands already, whoever gave it, does the same.
  if ((await read(signal)) === null) throw error;
});
let end = await read(`run.finished.${run}.once`);
for (; end === null; end = await read(`run.finished.${run}.once`)) await sleep(100);
console.log(end.json<{ data: { outcome: string } }>().data.outcome);
await nc.close();
