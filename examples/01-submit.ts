import { connect, headers } from "@nats-io/transport-node";

/**
 * Hands a task in at the door, which checks it at once and answers which run it became. The same key with the same payload is
 * the same run, however often it is sent; so a client that got no answer asks again with the same key.
 *
 *   node cli/genesis.js --node examples/01-submit.ts "Launch a small online shop" [KEY] [URL]
 */
const [goal, key = crypto.randomUUID(), servers = process.env["NATS_URL"] || "nats://127.0.0.1:4222"] =
  process.argv.slice(2);
if (goal === undefined) {
  console.error("usage: node cli/genesis.js --node examples/01-submit.ts GOAL [KEY] [URL]");
  process.exit(2);
}

/** Which run it is now; or the error: its code, its fixed message, and where which rule was broken. */
type Answer =
  | { run: string; correlationId: string; traceId: string }
  | { code: string; message: string; retryable: boolean; details: { path: string; rule: string }[] };

const nc = await connect({ servers });
const given = headers();
given.set("idempotency-key", key);
const reply = await nc.request("genesis.submit", JSON.stringify({ goal }), { headers: given, timeout: 5000 });
const answer = reply.json<Answer>();
console.log(JSON.stringify(answer));
process.exitCode = "code" in answer ? 1 : 0;
await nc.close();
