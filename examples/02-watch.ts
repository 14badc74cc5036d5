import { connect } from "@nats-io/transport-node";

/**
 * Follows a run to its end: its facts in the order of the log, and in between what its agents say about their progress.
 *
 *   node cli/genesis.js --node examples/02-watch.ts RUN [URL]
 */
const [run, servers = process.env["NATS_URL"] || "nats://127.0.0.1:4222"] = process.argv.slice(2);
if (run === undefined) {
  console.error("usage: node cli/genesis.js --node examples/02-watch.ts RUN [URL]");
  process.exit(2);
}
const nc = await connect({ servers });
const history = `genesis.v1.*.*.${run}.>`;

nc.subscribe(`genesis.progress.${run}.*`, { callback: (_, progress) => console.log(progress.string()) });
// What is announced may still be refused by the broker. So it only says that it is time to read the log, which has the last word.
let wake = (): void => {};
nc.subscribe(history, { callback: () => wake() });

let lastSeq = 0;
let isOver = false;
while (!isOver) {
  // Each subject holds one message, so the last message of each subject is the whole history.
  const query = JSON.stringify({ multi_last: [history], seq: lastSeq + 1, batch: 500 });
  const options = { strategy: "sentinel", maxWait: 5000 } as const;
  const found = await nc.requestMany("$JS.API.DIRECT.GET.GENESIS", query, options);
  for await (const { headers } of found) {
    const subject = headers?.get("Nats-Subject");
    if (!subject) continue;
    lastSeq = Number(headers?.get("Nats-Sequence"));
    isOver ||= subject.startsWith("genesis.v1.run.finished.");
    console.log(`${lastSeq} ${subject}`);
  }
  if (!isOver) await new Promise<void>((resolve) => setTimeout((wake = resolve), 1000));
}
await nc.close();
