import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { storeDeadLetter } from "../shared/bus/dead-letters.ts";
import { readOne } from "../shared/bus/direct-get.ts";
import { publish } from "../shared/bus/publish.ts";
import { answerRedrives } from "../shared/bus/redrive.ts";
import { GenesisError, type ErrorCode } from "../shared/contract/errors.ts";
import { genesis, type Outcome } from "../test/support/genesis.ts";
import { startCell, type TestCell } from "../test/support/nats.ts";

let cell: TestCell;
const dlq = (...args: string[]): Promise<Outcome> => genesis(["dlq", ...args, "--nats", cell.server.url]);
const json = ({ stdout }: Outcome) => JSON.parse(stdout);
const jsonLines = ({ stdout }: Outcome) =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const isEvent = (subject: string): boolean => subject.startsWith("genesis.v1.");

/** Stores a message, and then what a service writes when it cannot read it. @returns the id of the dead letter */
async function bury(
  service: string,
  subject: string,
  payload: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const { bus, ctx } = cell;
  const answer = await publish(bus.requests, { subject, bytes: payload, headers });
  assert.equal(answer.kind, "stored");
  const stream = isEvent(subject) ? bus.names.log : bus.names.inbox;
  const message = await readOne(bus.requests, stream, { seq: answer.kind === "stored" ? answer.seq : 0 });
  const code: ErrorCode = "E_SCHEMA";
  await storeDeadLetter(
    { ...ctx, name: service },
    message!,
    new GenesisError(code, [{ path: "goal", rule: "must be string" }]),
  );
  const { state } = await bus.jsm.streams.info(bus.names.dlq);
  const stored = await readOne(bus.requests, bus.names.dlq, { seq: state.last_seq });
  return JSON.parse(Buffer.from(stored!.bytes).toString()).id as string;
}

let ofInbox = "";
let ofLog = "";
before(async () => {
  cell = await startCell();
  assert.deepEqual(await dlq("list"), { status: 0, stdout: "no dead letters\n", stderr: "" });
  ofInbox = await bury("gateway", "genesis.tasks", '{"goal": 7}', {
    "correlation-id": "request-7",
    "Nats-Msg-Id": "once",
  });
  ofLog = await bury("halo", "genesis.v1.plan.decomposed.somerun.0", "not json");
});
after(() => cell.stop());

test("list shows the newest first, as text and as one JSON document", async () => {
  const listed = await dlq("list");
  assert.deepEqual([listed.status, listed.stderr], [0, ""]);
  const [head, ...rows] = listed.stdout.trimEnd().split("\n");
  assert.match(head!, /^ID +TIME +SERVICE +CODE +SUBJECT +REASON$/);
  assert.deepEqual(
    rows.map((row) =>
      row
        .split(/ {2,}/)
        .filter((_, i) => i !== 1)
        .slice(0, 4),
    ),
    [
      [ofLog.slice(0, 8), "halo", "E_SCHEMA", "genesis.v1.plan.decomposed.somerun.0"],
      [ofInbox.slice(0, 8), "gateway", "E_SCHEMA", "genesis.tasks"],
    ],
  );
  assert.deepEqual(
    json(await dlq("list", "--limit", "1", "--json")).map(({ id }: { id: string }) => id),
    [ofLog],
  );
});

test("show tells all about one, by any unique beginning of its id", async () => {
  const shown = await dlq("show", ofInbox.slice(0, 10));
  assert.equal(shown.status, 0);
  assert.match(shown.stdout, /\ncorrelation +request-7\n/);
  assert.match(shown.stdout, /\n\{"goal": 7\}\n/);
  const record = json(await dlq("show", ofInbox, "--json"));
  assert.deepEqual(
    [record.id, record.stream, Buffer.from(record.bytes, "base64").toString()],
    [ofInbox, "GENESIS_INBOX", '{"goal": 7}'],
  );
  const none = await dlq("show", "zzz");
  assert.deepEqual(none, {
    status: 1,
    stdout: "",
    stderr: 'genesis: no dead letter begins with "zzz"; npx genesis dlq list lists them\n',
  });
});

test("an inbox message is published again, byte for byte, with the same correlation id and its cause", async () => {
  const redriven = await dlq("redrive", ofInbox, "--json");
  assert.deepEqual([redriven.status, redriven.stderr], [0, ""]);
  const [{ id, done, how, sequence }] = jsonLines(redriven);
  assert.deepEqual([id, done, how], [ofInbox, true, "published again"]);
  const again = await readOne(cell.bus.requests, cell.bus.names.inbox, { seq: sequence });
  assert.equal(Buffer.from(again!.bytes).toString(), '{"goal": 7}');
  assert.deepEqual(again!.headers.get("correlation-id"), ["request-7"]);
  assert.deepEqual(again!.headers.get("causation-id"), [ofInbox]);
  assert.equal(again!.headers.get("Nats-Msg-Id"), undefined, "or the broker would drop it as a duplicate");
});

test("a fact of the log is handled again by its service", async (t) => {
  const silent = await dlq("redrive", ofLog);
  assert.equal(silent.status, 1);
  assert.match(silent.stdout, new RegExp(`^✖ ${ofLog.slice(0, 8)} halo gave no answer[^\\n]*\\n$`));
  assert.match(silent.stderr, /^genesis: 1 could not be handled again[^\n]*\n$/);

  const handled: number[] = [];
  const work = answerRedrives(
    { ...cell.ctx, name: "halo" },
    {
      stream: "log",
      durableOf: ({ subject }) => (isEvent(subject) ? "halo" : undefined),
      handle: async (delivery) => {
        handled.push(delivery.seq);
        if (handled.length > 1) delivery.term("E_JSON");
      },
    },
  );
  t.after(() => work.drain());
  const redriven = await dlq("redrive", ofLog.slice(0, 8));
  assert.deepEqual(redriven, {
    status: 0,
    stdout: `✔ ${ofLog.slice(0, 8)} given to halo again, and nothing came of it: what follows from it stands already, or its run is over\n`,
    stderr: "",
  });
  assert.equal(handled.length, 1);

  const refused = await dlq("redrive", ofLog);
  assert.equal(refused.status, 1);
  assert.match(refused.stdout, /^✖ [0-9a-f]{8} E_JSON [^\n]*\n$/);
});

test("all of them need a yes; what cannot be named is not guessed", async () => {
  for (const args of [["redrive"], ["redrive", "--all"], ["redrive", ofLog, "--all", "--yes"]]) {
    const { status, stdout, stderr } = await dlq(...args);
    assert.deepEqual([status, stdout], [2, ""], args.join(" "));
    assert.match(stderr, /^genesis: [^\n]*--all[^\n]*\n$/);
  }
  const { status, stdout } = await dlq("redrive", ofInbox, "zzz");
  assert.deepEqual([status, stdout], [1, ""], "one wrong id, and none is sent");
  const all = await dlq("redrive", "--all", "--yes", "--json");
  assert.deepEqual(
    jsonLines(all).map(({ id, done }) => [id, done]),
    [
      [ofInbox, true],
      [ofLog, false],
    ],
  );
});

test("whatever else somebody left in the dead letters is passed over", async () => {
  await publish(cell.bus.requests, { subject: "genesis.dlq.halo.E_JSON.junk", bytes: "junk", headers: {} });
  assert.equal(json(await dlq("list", "--json")).length, 2);
});
