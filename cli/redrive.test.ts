import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredLetter } from "./dead-letters.ts";
import { headersAgain } from "./redrive.ts";

const letter = (headers: StoredLetter["headers"], more: Partial<StoredLetter> = {}): StoredLetter => ({
  id: "d".repeat(32),
  subject: "genesis.tasks",
  stream: "GENESIS_INBOX",
  sequence: 1,
  headers,
  bytes: "",
  code: "E_SCHEMA",
  reason: "",
  service: "gateway",
  time: "",
  seq: 1,
  ...more,
});

test("a message that is sent again keeps its own headers and names the dead letter as its cause", () => {
  const headers = {
    "idempotency-key": ["k"],
    "correlation-id": ["c"],
    "causation-id": ["before"],
    "x-mine": [""],
  };
  assert.deepEqual(headersAgain(letter(headers)), {
    "idempotency-key": "k",
    "correlation-id": "c",
    "causation-id": "d".repeat(32),
    "x-mine": "",
  });
});

test("what speaks to the broker is not sent again: it could drop, delay or misplace the message", () => {
  const headers = {
    "Nats-Msg-Id": ["m"],
    "nats-expected-last-sequence": ["3"],
    "Nats-Schedule": ["@every 1s"],
  };
  assert.deepEqual(headersAgain(letter(headers)), { "causation-id": "d".repeat(32) });
});

test("the correlation id of the dead letter stands in for a missing one", () => {
  assert.deepEqual(headersAgain(letter({}, { correlationId: "c", traceparent: "t" })), {
    "correlation-id": "c",
    traceparent: "t",
    "causation-id": "d".repeat(32),
  });
});

test("a header that came twice cannot be sent as it was, so nothing is", () => {
  assert.equal(headersAgain(letter({ "idempotency-key": ["a", "b"] })), undefined);
});
