import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { submitted } from "../../test/support/facts.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import { recordSpans } from "../../test/support/spans.ts";
import { GenesisError } from "../contract/errors.ts";
import { CorrelationContext } from "../telemetry/correlation.ts";
import { currentTraceparent } from "../telemetry/messaging.ts";
import { deadLetterId, type DeadLetter } from "./dead-letters.ts";
import type { Delivery } from "./delivery.ts";
import type { Requests } from "./requests.ts";
import { restMs, settleFailure } from "./settle.ts";

let cell: TestCell;
before(async () => {
  cell = await startCell();
});
after(() => cell.stop());

/** A stored message, delivered for the nth time, and how it was settled. */
async function delivered(
  run: string,
  deliveryCount: number,
): Promise<{ delivery: Delivery; settled: string[] }> {
  const { log } = cell.bus;
  await log.append({ event: submitted(run), expect: "subject" }, { correlationId: "corr-1" });
  const stored = await log.readStored(`genesis.v1.task.submitted.${run}.once`);
  const settled: string[] = [];
  const delivery = {
    ...stored!,
    consumer: "htdag",
    deliveryCount,
    ack: () => void settled.push("ack"),
    nak: (delayMs: number) => void settled.push(`nak ${delayMs}`),
    term: (reason: string) => void settled.push(`term ${reason}`),
    working: () => {},
  };
  return { delivery, settled };
}

async function letterFor(delivery: Delivery, code: string): Promise<DeadLetter | undefined> {
  const subject = `genesis.dlq.test.${code}.${deadLetterId(delivery, code)}`;
  const found = await cell.bus.jsm.direct.getMessage("GENESIS_DLQ", { last_by_subj: subject });
  return found?.json<DeadLetter>();
}

test("what passes by itself is tried again for ever, ever less often, and is never a dead letter", async () => {
  const error = new GenesisError("E_STORAGE");
  for (const [count, rest] of [
    [1, 1000],
    [2, 5000],
    [3, 25_000],
    [1000, 25_000],
  ] as const) {
    const { delivery, settled } = await delivered("passing", count);
    await settleFailure(cell.ctx, delivery, error);
    assert.deepEqual(settled, [`nak ${rest}`]);
    assert.equal(await letterFor(delivery, "E_STORAGE"), undefined);
    assert.equal(restMs(count), rest);
  }
});

test("what the log is told of it carries the ids of the message: request, run and trace", async () => {
  recordSpans();
  const { delivery } = await delivered("told", 1);
  const told: unknown[] = [];
  const line = (): void => {
    const { correlationId, run } = CorrelationContext.current();
    told.push([correlationId, run, currentTraceparent()?.slice(3, 35)]);
  };
  const log = { ...cell.ctx.log, warn: line, error: line };
  for (const error of [new GenesisError("E_STORAGE"), new TypeError("a bug"), new GenesisError("E_INPUT")])
    await settleFailure({ ...cell.ctx, log }, delivery, error);
  const traceId = delivery.headers.get("traceparent")![0]!.slice(3, 35);
  assert.deepEqual(
    told,
    Array.from({ length: 3 }, () => ["corr-1", "told", traceId]),
  );
});

test("what was delivered again because the storage was away is no bug less", async () => {
  const { delivery, settled } = await delivered("waited", 200);
  await settleFailure(cell.ctx, delivery, new GenesisError("E_STORAGE"));
  await settleFailure(cell.ctx, delivery, new TypeError("a bug"));
  assert.deepEqual(settled, ["nak 25000", "nak 1000"]);
  assert.equal(await letterFor(delivery, "E_INTERNAL"), undefined);
});

test("what is not safe in the dead letters is not settled for good", async () => {
  const { delivery, settled } = await delivered("unsafe", 1);
  const { requests, subjects } = cell.bus;
  const away: Requests = {
    ...requests,
    one: (question) =>
      question.subject.startsWith(`${subjects.prefix}.dlq.`)
        ? Promise.reject(new GenesisError("E_STORAGE"))
        : requests.one(question),
  };
  const ctx = { ...cell.ctx, bus: { ...cell.bus, requests: away } };
  await settleFailure(ctx, delivery, new GenesisError("E_VALIDATION"));
  assert.deepEqual(settled, ["nak 1000"]);
  await settleFailure(cell.ctx, delivery, new GenesisError("E_VALIDATION"));
  assert.deepEqual(settled, ["nak 1000", "term E_VALIDATION"]);
});

test("a bug is a dead letter after four times", async () => {
  for (const count of [1, 2, 3]) {
    const { delivery, settled } = await delivered("bug", count);
    await settleFailure(cell.ctx, delivery, new TypeError("a bug"));
    assert.deepEqual(settled, [`nak ${restMs(count)}`]);
  }
  const { delivery, settled } = await delivered("bug", 4);
  await settleFailure(cell.ctx, delivery, new TypeError("a bug that quotes a secret"));
  assert.deepEqual(settled, ["term E_INTERNAL"]);
  const letter = await letterFor(delivery, "E_INTERNAL");
  assert.equal(letter?.code, "E_INTERNAL");
  assert.ok(!JSON.stringify(letter).includes("secret"));
  assert.deepEqual(letter?.headers["correlation-id"], ["corr-1"]);
});

test("what is wrong with the message itself is a dead letter at once", async () => {
  const { delivery, settled } = await delivered("wrong", 1);
  await settleFailure(cell.ctx, delivery, new GenesisError("E_VALIDATION"));
  assert.deepEqual(settled, ["term E_VALIDATION"]);
  assert.ok(await letterFor(delivery, "E_VALIDATION"));
});

test("a dead letter is one, however often it is stored, and keeps its first time", async () => {
  const { delivery } = await delivered("once", 1);
  await settleFailure(cell.ctx, delivery, new GenesisError("E_INPUT"));
  const first = await letterFor(delivery, "E_INPUT");
  await settleFailure(cell.ctx, delivery, new GenesisError("E_INPUT"));
  assert.deepEqual(await letterFor(delivery, "E_INPUT"), first);
});
