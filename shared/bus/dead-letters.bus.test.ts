import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually } from "../../test/support/eventually.ts";
import { encoded, submitted } from "../../test/support/facts.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import { publishRaw } from "../../test/support/raw-nats.ts";
import { sha256 } from "../contract/plan-hash.ts";
import type { Work } from "./context.ts";
import type { DeadLetter } from "./dead-letters.ts";
import { stage } from "./stage.ts";

let cell: TestCell;
let works: Work[];
const handled: string[] = [];
before(async () => {
  cell = await startCell();
  works = await stage(
    { ...cell.ctx, name: "htdag" },
    {
      durable: "htdag",
      reads: ["task.submitted"],
      from: "run",
      decide: ({ run }) => {
        handled.push(run);
        return [];
      },
    },
  );
});
after(() => cell.stop(...works));

const good = encoded(submitted("x"));
const text = new TextDecoder().decode(good.bytes);
const head = "NATS/1.0\r\n";
const end = "\r\n\r\n";
const nest = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

/** What a publisher may send, and the code under which it must be found again. */
const BAD: [run: string, code: string, payload: string | Uint8Array, block?: string][] = [
  ["empty", "E_JSON", ""],
  ["empty-with-malformed-headers", "E_HEADER", "", `${head}bad name: x${end}`],
  ["no-json", "E_JSON", "{"],
  ["no-utf8", "E_ENCODING", Uint8Array.of(0x22, 0xff, 0xfe, 0x22)],
  ["nul", "E_ENCODING", '"\0"'],
  ["byte-order-mark", "E_ENCODING", "\uFEFF{}"],
  ["deep", "E_JSON", nest(100_000)],
  ["prototype", "E_JSON", '{"__proto__":{"a":1}}'],
  ["no-fields", "E_SCHEMA", "{}"],
  ["another-run", "E_SCHEMA", text],
  ["newer", "E_VERSION", text.replace('"version":1', '"version":2')],
  ["large", "E_TOO_LARGE", `"${"x".repeat(300 * 1024)}"`],
  ["name-with-blank", "E_HEADER", text, `${head}bad name: x\r\ngood: y${end}`],
  ["no-colon", "E_HEADER", text, `${head}no colon here${end}`],
  ["mixed-case", "E_HEADER", text, `${head}traceparent: a\r\nTraceparent: b${end}`],
  ["doubled", "E_HEADER", text, `${head}correlation-id: a\r\ncorrelation-id: b${end}`],
  [
    "many-names",
    "E_HEADER",
    text,
    `${head}${Array.from({ length: 40 }, (_, i) => `h${i}: x`).join("\r\n")}${end}`,
  ],
  ["latin1", "E_HEADER", text, `${head}n\xe4me: \xfc${end}`],
  ["prototype-header", "E_SCHEMA", "{}", `${head}__proto__: x\r\nconstructor: y${end}`],
];
const subjectOf = (run: string) => `genesis.v1.task.submitted.${run}.once`;

async function letters(): Promise<
  { subject: string; headers: Map<string, readonly string[]>; letter: DeadLetter }[]
> {
  const { jsm, names } = cell.bus;
  const { state } = await jsm.streams.info(names.dlq);
  const found = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const stored = await jsm.direct.getMessage(names.dlq, { seq });
    found.push({
      subject: stored!.subject,
      headers: new Map(stored!.header),
      letter: stored!.json<DeadLetter>(),
    });
  }
  return found;
}

test("what cannot be read lands in the dead letters once, byte for byte, and holds nothing up", async () => {
  const subjects = [
    ...BAD.map(([run]) => subjectOf(run)),
    "genesis.v1.task.submitted.short",
    "genesis.v1.task.submitted.a.b.c",
  ];
  await publishRaw(cell.server.port, [
    ...BAD.map(([run, , payload, block]) => ({
      subject: subjectOf(run),
      payload,
      ...(block !== undefined && { block }),
    })),
    { subject: "genesis.v1.task.submitted.short", payload: text },
    { subject: "genesis.v1.task.submitted.a.b.c", payload: text },
    { subject: good.subject, payload: good.bytes },
  ]);
  await eventually(() => handled.includes("x"));
  const found = await eventually(async () => {
    const all = await letters();
    return all.length >= subjects.length && all;
  });
  assert.deepEqual(found.map(({ letter }) => letter.subject).toSorted(), subjects.toSorted());
  for (const [run, code, payload] of BAD) {
    const { subject, letter } = found.find((one) => one.letter.subject === subjectOf(run))!;
    assert.equal(letter.code, code, run);
    assert.deepEqual(Buffer.from(letter.bytes, "base64"), Buffer.from(payload as string), run);
    const stored = await cell.bus.log.readStored(letter.subject);
    assert.equal(letter.stream, "GENESIS");
    assert.equal(letter.sequence, stored?.seq);
    assert.equal(letter.id, sha256(`GENESIS|${stored?.seq}|${stored?.storedAtNs}|${code}`).slice(0, 32));
    assert.equal(subject, `genesis.dlq.htdag.${code}.${letter.id}`);
    assert.equal(letter.service, "htdag");
    assert.match(letter.time, /^\d{4}-.*Z$/);
  }
  assert.deepEqual(found.filter(({ letter }) => letter.code === "E_ID").length, 2);
  assert.deepEqual(handled, ["x"]);
});

test("its headers are kept as they were consumed, and it has a trace of its own", async () => {
  const byRun = new Map((await letters()).map((one) => [one.letter.subject.split(".")[4], one]));
  assert.deepEqual(byRun.get("name-with-blank")?.letter.headers, { "bad name": ["x"], good: ["y"] });
  assert.deepEqual(byRun.get("mixed-case")?.letter.headers, { traceparent: ["a"], Traceparent: ["b"] });
  assert.deepEqual(byRun.get("doubled")?.letter.headers, { "correlation-id": ["a", "b"] });
  const own = byRun.get("prototype-header")?.letter.headers ?? {};
  assert.deepEqual(Object.entries(own), [
    ["__proto__", ["x"]],
    ["constructor", ["y"]],
  ]);
  assert.match(byRun.get("empty")?.headers.get("traceparent")?.[0] ?? "", /^00-/);
});

test("garbage in a run that is known carries the run's correlation id, whatever it says itself", async () => {
  const known = await letters();
  const subject = "genesis.v1.plan.rejected.y.0";
  const task = encoded(submitted("y"));
  const liar = `NATS/1.0\r\ncorrelation-id: somebody-elses\r\n\r\n`;
  await publishRaw(cell.server.port, [
    { subject: task.subject, payload: task.bytes },
    { subject, payload: "{", block: liar },
    { subject: subject.replace(".y.", ".nobody."), payload: "{", block: liar },
  ]);
  const found = await eventually(async () => {
    const all = await letters();
    return all.length === known.length + 2 && all.slice(known.length);
  });
  const said = found.map(({ letter, headers }) => [
    letter.subject.split(".")[4],
    headers.get("correlation-id")?.[0],
  ]);
  assert.deepEqual(said.toSorted(), [
    ["nobody", "somebody-elses"],
    ["y", "corr-1"],
  ]);
});

test("a message that is delivered again is no second dead letter", async () => {
  const known = await letters();
  const { jsm, names } = cell.bus;
  await jsm.consumers.delete(names.log, "htdag");
  await jsm.consumers.add(names.log, {
    durable_name: "htdag",
    ack_policy: "explicit",
    filter_subjects: ["genesis.v1.task.submitted.>"],
  });
  await eventually(() => handled.filter((run) => run === "x").length === 2);
  assert.equal((await letters()).length, known.length);
});
