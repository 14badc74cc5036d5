import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredLetter } from "../dead-letters.ts";
import { letterLines, letterTable, redrivenLine } from "./dead-letter.ts";
import { PLAIN } from "./paint.ts";

const letter: StoredLetter = {
  id: "00112233445566778899aabbccddeeff",
  subject: "genesis.tasks",
  stream: "GENESIS_INBOX",
  sequence: 7,
  headers: { "idempotency-key": ["k"], "x-note": ["one", "two"] },
  bytes: Buffer.from('{"goal": 7}\u001b[2J').toString("base64"),
  code: "E_SCHEMA",
  reason: "E_SCHEMA The payload does not fit. (goal: must be string)",
  service: "gateway",
  time: "2026-01-01T00:00:00.000Z",
  seq: 1,
  correlationId: "request-1",
};

test("dead letters are a table", () => {
  assert.deepEqual(letterTable([letter], PLAIN), [
    "ID        TIME                      SERVICE  CODE      SUBJECT        REASON",
    "00112233  2026-01-01T00:00:00.000Z  gateway  E_SCHEMA  genesis.tasks  The payload does not fit. (goal: must be string)",
  ]);
});

test("one dead letter shows everything, its payload without what a terminal would obey", () => {
  assert.deepEqual(letterLines(letter, PLAIN), [
    "dead letter  00112233445566778899aabbccddeeff",
    "time         2026-01-01T00:00:00.000Z",
    "service      gateway",
    "reason       E_SCHEMA The payload does not fit. (goal: must be string)",
    "message      genesis.tasks, number 7 of GENESIS_INBOX",
    "correlation  request-1",
    "header       idempotency-key: k",
    "header       x-note: one, two",
    "",
    "payload, 15 bytes",
    '{"goal": 7}\\u001b[2J',
    "",
    "npx genesis dlq redrive 00112233 has it handled again",
  ]);
});

test("a redrive says what became of it", () => {
  const { id } = letter;
  assert.equal(
    redrivenLine({ id, done: true, how: "published again", sequence: 12 }, PLAIN),
    "✔ 00112233 published again, number 12 of the inbox",
  );
  assert.equal(
    redrivenLine({ id, done: true, how: "handled again", service: "halo", stored: 2 }, PLAIN),
    "✔ 00112233 given to halo again, which stored what follows from it",
  );
  assert.equal(
    redrivenLine({ id, done: true, how: "handled again", service: "halo", stored: 0 }, PLAIN),
    "✔ 00112233 given to halo again, and nothing came of it: what follows from it stands already, or its run is over",
  );
  assert.equal(redrivenLine({ id, done: false, reason: "no answer" }, PLAIN), "✖ 00112233 no answer");
});
