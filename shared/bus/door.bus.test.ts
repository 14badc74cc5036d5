import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually } from "../../test/support/eventually.ts";
import { growthOf, linesOf } from "../../test/support/metrics.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import { publishRaw } from "../../test/support/raw-nats.ts";
import { GenesisError, type ErrorCode } from "../contract/errors.ts";
import type { Work } from "./context.ts";
import type { DeadLetter } from "./dead-letters.ts";
import { openDoors, type Arrival } from "./door.ts";
import { headersOf } from "./requests.ts";

let cell: TestCell;
let works: Work[];
const arrived: { text: string; arrival: Arrival }[] = [];
/** What is slow waits for it. */
const goOn = Promise.withResolvers<void>();
const ROOT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/** How the next arrivals of a text are refused. */
const refusals = new Map<string, ErrorCode[]>();

before(async () => {
  cell = await startCell();
  works = await openDoors({ ...cell.ctx, name: "gateway" }, async (arrival) => {
    const text = new TextDecoder().decode(arrival.bytes);
    arrived.push({ text, arrival });
    const code = refusals.get(text)?.shift();
    if (code !== undefined) throw new GenesisError(code, [{ path: "goal", rule: "because" }]);
    if (text === "slow") await goOn.promise;
    return { accepted: { run: `run-${text}`, correlationId: "corr-1", traceId: "trace-1" }, root: ROOT };
  });
});
after(() => cell.stop(...works));

const arrivalsOf = (text: string) => arrived.filter((one) => one.text === text);
const ask = (text: string, headers: Record<string, string> = {}) =>
  cell.bus.nc.request("genesis.submit", text, { timeout: 3000, headers: headersOf(headers) });

async function letters(): Promise<DeadLetter[]> {
  const { state } = await cell.bus.jsm.streams.info("GENESIS_DLQ");
  const found: DeadLetter[] = [];
  for (let seq = 1; seq <= state.last_seq; seq++)
    found.push((await cell.bus.jsm.direct.getMessage("GENESIS_DLQ", { seq }))!.json<DeadLetter>());
  return found;
}

test("a task in the inbox comes in with its place and time, and leaves the inbox", async () => {
  const { seq } = await cell.bus.js.publish("genesis.tasks", "left");
  const [one] = await eventually(() => arrivalsOf("left").length > 0 && arrivalsOf("left"));
  assert.equal(one?.arrival.inbox?.sequence, seq);
  assert.match(one?.arrival.inbox?.storedAtNs ?? "", /^\d{19}$/);
  assert.ok(Math.abs((one?.arrival.receivedAtMs ?? 0) - Date.now()) < 5000);
  await eventually(async () => (await cell.bus.jsm.streams.info("GENESIS_INBOX")).state.messages === 0);
});

test("a request is answered at once", async () => {
  const reply = await ask("asked", { "idempotency-key": "key-1" });
  assert.deepEqual(reply.json(), { run: "run-asked", correlationId: "corr-1", traceId: "trace-1" });
  const [one] = arrivalsOf("asked");
  assert.equal(one?.arrival.inbox, undefined);
  assert.deepEqual(one?.arrival.headers.get("idempotency-key"), ["key-1"]);
});

test("what is measured at the doors leads to the root of the run that began there", async () => {
  await cell.bus.js.publish("genesis.tasks", "measured");
  await eventually(() => arrivalsOf("measured").length > 0);
  await ask("measured");
  const exemplar = `# {trace_id="${ROOT.slice(3, 35)}",span_id="${ROOT.slice(36, 52)}"}`;
  for (const [histogram, label] of [
    ["messaging_process_duration_seconds", 'template="genesis.submit"'],
    ["messaging_process_duration_seconds", 'template="genesis.tasks"'],
    ["messaging_queue_wait_seconds", 'template="genesis.tasks"'],
    ["run_stage_duration_seconds", 'stage="gateway"'],
  ] as const) {
    const lines = await linesOf(`${histogram}_bucket{`);
    const isLed = lines.some((line) => line.includes(label) && line.includes(exemplar));
    assert.ok(isLed, `${histogram} ${label}`);
  }
});

test("a request beyond those that are answered at a time is told to come back, and counted", async () => {
  const failures = 'messaging_process_failures_total{template="genesis.submit",error_type="E_OVERLOAD"}';
  let inHand: Promise<unknown>[] = [];
  const counted = await growthOf(failures, async () => {
    inHand = Array.from({ length: 256 }, () => ask("slow"));
    await eventually(() => arrivalsOf("slow").length === 256);
    assert.equal((await ask("one more")).json<{ code: string }>().code, "E_OVERLOAD");
  });
  assert.equal(counted, 1);
  goOn.resolve();
  await Promise.all(inHand);
});

test("a refused request is told why, in the one shape and in the way of NATS services", async () => {
  for (const [code, status] of [
    ["E_SCHEMA", "400"],
    ["E_CONFLICT", "409"],
    ["E_OVERLOAD", "503"],
  ] as const) {
    refusals.set("bad", [code]);
    const reply = await ask("bad");
    const { message, ...shape } = reply.json<{ message: string }>();
    assert.ok(message.length > 0);
    assert.deepEqual(shape, {
      code,
      retryable: code === "E_OVERLOAD",
      details: [{ path: "goal", rule: "because" }],
    });
    assert.equal(reply.headers?.get("Nats-Service-Error-Code"), status);
    assert.equal(reply.headers?.get("Nats-Service-Error"), code);
  }
});

test("a refused task in the inbox is a dead letter", async () => {
  refusals.set("wrong", ["E_SCHEMA"]);
  await cell.bus.js.publish("genesis.tasks", "wrong");
  const [letter] = await eventually(async () => {
    const found = (await letters()).filter(({ code }) => code === "E_SCHEMA");
    return found.length > 0 && found;
  });
  assert.equal(letter?.service, "gateway");
  assert.equal(letter?.subject, "genesis.tasks");
  assert.equal(letter?.stream, "GENESIS_INBOX");
  assert.equal(Buffer.from(letter?.bytes ?? "", "base64").toString(), "wrong");
  await eventually(async () => (await cell.bus.jsm.streams.info("GENESIS_INBOX")).state.messages === 0);
});

test("a task that there is no room for waits", async () => {
  refusals.set("early", ["E_OVERLOAD"]);
  await cell.bus.js.publish("genesis.tasks", "early");
  await eventually(() => arrivalsOf("early").length === 1);
  assert.equal((await cell.bus.jsm.streams.info("GENESIS_INBOX")).state.messages, 1);
  await eventually(() => arrivalsOf("early").length === 2);
  await eventually(async () => (await cell.bus.jsm.streams.info("GENESIS_INBOX")).state.messages === 0);
});

test("headers that cannot be read are refused at both doors, and neither falls shut", async () => {
  const block = "NATS/1.0\r\nbad name: x\r\n\r\n";
  await publishRaw(cell.server.port, [
    { subject: "genesis.tasks", block, payload: "malformed" },
    { subject: "genesis.submit", block, payload: "malformed" },
    { subject: "genesis.tasks", block, payload: "" },
  ]);
  await eventually(async () => (await letters()).filter(({ code }) => code === "E_HEADER").length === 2);
  assert.equal((await ask("after")).json<{ run: string }>().run, "run-after");
  await cell.bus.js.publish("genesis.tasks", "after-too");
  await eventually(() => arrivalsOf("after-too").length === 1);
  assert.equal(arrivalsOf("malformed").length, 0);
});

test("the service is found by its name", async () => {
  const reply = await cell.bus.nc.request("$SRV.INFO.genesis-gateway", "");
  const { name, endpoints } = reply.json<{
    name: string;
    endpoints: { subject: string; queue_group: string }[];
  }>();
  assert.equal(name, "genesis-gateway");
  assert.deepEqual(
    endpoints.map(({ subject, queue_group }) => [subject, queue_group]),
    [["genesis.submit", "gateway"]],
  );
});
