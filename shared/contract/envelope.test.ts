import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { decode, encode, eventId, type RawMessage } from "./envelope.ts";
import type { NewEvent } from "./events.ts";
import { planHash } from "./plan-hash.ts";
import { subjectsOf } from "./subjects.ts";

const subjects = subjectsOf("genesis");
const RUN = "0123456789abcdef0123456789abcdef";
const TIME = "2026-01-01T00:00:00.000Z";

const skipped: NewEvent<"step.skipped"> = {
  type: "step.skipped",
  run: RUN,
  step: "a",
  tokens: ["a"],
  causationId: "c0ffee",
  data: { reason: "why" },
};

function raw(
  change: { body?: object; subject?: string; headers?: [string, string[]][]; bytes?: Uint8Array } = {},
): RawMessage {
  const { subject, bytes, headers } = encode(subjects, skipped, "corr", TIME);
  const body = { ...(JSON.parse(new TextDecoder().decode(bytes)) as object), ...change.body };
  return {
    subject: change.subject ?? subject,
    seq: 7,
    storedAtMs: 1,
    headers: new Map([
      ...Object.entries(headers).map(([k, v]): [string, string[]] => [k, [v]]),
      ...(change.headers ?? []),
    ]),
    bytes: change.bytes ?? new TextEncoder().encode(JSON.stringify(body)),
  };
}

const code = (message: RawMessage): string => {
  try {
    decode(subjects, message);
    return "ok";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test("an event is read back as it was written, with where it stands", () => {
  const event = decode(subjects, raw());
  assert.equal(event.id, eventId(event.subject, "c0ffee"));
  assert.deepEqual(
    [event.type, event.run, event.step, event.seq, event.correlationId, event.data],
    ["step.skipped", RUN, "a", 7, "corr", { reason: "why" }],
  );
});

test("only a result is kept as it was stored, apart from what it came with", () => {
  assert.ok(!("raw" in decode(subjects, raw())));
  const data = { agent: "a", attempt: 1, output: 1, startedAt: TIME, finishedAt: TIME };
  const result = encode(subjects, { ...skipped, type: "step.completed", data }, "corr", TIME);
  const chunk = Buffer.from([...result.bytes, ...new Uint8Array(1000)]);
  const bytes = chunk.subarray(0, result.bytes.length);
  const event = decode(subjects, { ...raw(), subject: result.subject, bytes });
  assert.ok(event.type === "step.completed");
  assert.deepEqual(event.raw, result.bytes);
  assert.equal(event.raw.buffer.byteLength, result.bytes.length);
});

test("the id is the first 32 hex digits of SHA-256 over subject and cause", () => {
  const expected = createHash("sha256").update("genesis.v1.step.skipped.r.a|c").digest("hex").slice(0, 32);
  assert.equal(eventId("genesis.v1.step.skipped.r.a", "c"), expected);
});

test("fields that nobody knows stay and do not hurt", () => {
  assert.equal(
    (decode(subjects, raw({ body: { data: { reason: "x", extra: 1 }, more: 2 } })).data as { extra?: number })
      .extra,
    1,
  );
});

test("what cannot be trusted gets its code", () => {
  assert.equal(code(raw({ body: { version: 2 } })), "E_VERSION");
  assert.equal(code(raw({ body: { version: "1" } })), "E_SCHEMA");
  assert.equal(code(raw({ body: { data: {} } })), "E_SCHEMA");
  assert.equal(code(raw({ body: { run: "f".repeat(32) } })), "E_SCHEMA", "another run than the subject's");
  assert.equal(code(raw({ body: { step: "b" } })), "E_SCHEMA", "another step than the subject's");
  assert.equal(code(raw({ subject: "genesis.v1.step.skipped.r" })), "E_ID");
  assert.equal(code(raw({ subject: "other.v1.step.skipped.r.a" })), "E_ID");
  assert.equal(code(raw({ headers: [["Traceparent", ["00-1"]]] })), "E_HEADER");
  assert.equal(code(raw({ headers: [["correlation-id", ["a", "b"]]] })), "E_HEADER");
  assert.equal(code(raw({ headers: [["x", ["y".repeat(5000)]]] })), "E_HEADER");
  assert.equal(code(raw({ bytes: new TextEncoder().encode("[]") })), "E_SCHEMA");
  assert.equal(code(raw({ bytes: new Uint8Array(256 * 1024 + 1) })), "E_TOO_LARGE");
});

test("no name reaches another subject", () => {
  for (const name of ["a.b", "*", ">", "", "a b", "ä", "a".repeat(65)]) {
    assert.throws(() => subjects.fact("step.skipped", RUN, name), { code: "E_ID" });
    assert.throws(() => subjects.history(name), { code: "E_ID" });
  }
});

test("subjects are read as they are built", () => {
  const subject = subjects.fact("step.dispatched", RUN, "a", 2, "worker", "high");
  assert.equal(subject, `genesis.v1.step.dispatched.${RUN}.a.2.worker.high`);
  assert.deepEqual(subjects.parse(subject), {
    type: "step.dispatched",
    run: RUN,
    rest: ["a", "2", "worker", "high"],
  });
  assert.equal(subjects.template(subject), "genesis.v1.step.dispatched");
  const timer = { run: RUN, kind: "timeout", step: "a", attempt: 2 } as const;
  assert.deepEqual(subjects.parseTimer(subjects.timerFired(timer)), timer);
  assert.deepEqual(subjects.parseTimer(subjects.timerFired({ run: RUN, kind: "deadline" })), {
    run: RUN,
    kind: "deadline",
  });
});

test("the plan's hash is over canonical JSON, whatever the order of keys and assignments", () => {
  const expected = createHash("sha256")
    .update('{"assignments":[{"agent":"x","step":"a"},{"agent":"y","step":"b"}],"steps":[{"a":1,"b":2}]}')
    .digest("hex");
  const assignments = [
    { step: "b", agent: "y", decision: 1 },
    { agent: "x", step: "a" },
  ];
  assert.equal(planHash([{ b: 2, a: 1 }], assignments), expected);
});

test("what a door lets in can be read back, however deep, from every fact that holds it", () => {
  const nested = JSON.parse(`${'{"a":'.repeat(30)}1${"}".repeat(30)}`) as Record<string, unknown>;
  const data = {
    outcome: "completed" as const,
    through: 1,
    result: { s: nested },
    counts: { completed: 1, failed: 0, skipped: 0 },
    usage: {},
  };
  const { subject, bytes, headers } = encode(
    subjects,
    { type: "run.finished", run: RUN, tokens: ["once"], causationId: "c", data },
    "corr",
    TIME,
  );
  const values = new Map(Object.entries(headers).map(([k, v]): [string, string[]] => [k, [v]]));
  assert.deepEqual(decode(subjects, { subject, seq: 1, storedAtMs: 1, headers: values, bytes }).data, data);
});
