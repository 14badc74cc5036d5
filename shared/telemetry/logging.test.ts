import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { SPAN_ID, TRACE_ID, delivered, recordSpans } from "../../test/support/spans.ts";
import { GenesisError } from "../contract/errors.ts";
import { CorrelationContext } from "./correlation.ts";
import {
  createLog,
  logStructured,
  useLog,
  type Log,
  type LogFields,
  type LoggingOptions,
} from "./logging.ts";
import { currentTraceparent, processSpan } from "./messaging.ts";

before(recordSpans);

/** A log that writes into the array it comes with. */
function logInto(options: Partial<LoggingOptions> = {}): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const out = { write: (line: string): void => void lines.push(line) };
  return { log: createLog({ service: "halo", level: "info", format: "json", ...options }, out), lines };
}

const read = (line: string | undefined): Record<string, unknown> =>
  JSON.parse(line ?? "") as Record<string, unknown>;

test("a line says when, how bad, who and what, as one JSON object", () => {
  const { log, lines } = logInto();
  log.warn({ event: "redelivered", seq: 7 }, "a message came again");
  const { time, ...rest } = read(lines[0]);
  assert.deepEqual(rest, {
    level: "warn",
    service: "halo",
    event: "redelivered",
    seq: 7,
    msg: "a message came again",
  });
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(lines[0]!.endsWith("}\n"));
});

test("a line written while a message is handled carries the ids of that message", async () => {
  const { log, lines } = logInto();
  let span: string | undefined;
  await processSpan(delivered({ step: "build", attempt: 2 }), async () => {
    span = currentTraceparent()!.split("-")[2];
    await Promise.resolve();
    log.info({ event: "handled" }, "inside");
  });
  log.info({ event: "idle" }, "outside");
  const inside = read(lines[0]);
  assert.equal(inside["trace_id"], TRACE_ID);
  assert.equal(inside["span_id"], span);
  assert.notEqual(inside["span_id"], SPAN_ID);
  assert.equal(inside["correlation_id"], "correlation-1");
  assert.equal(inside["run"], "run-1");
  assert.equal(inside["step"], "build");
  assert.equal(inside["attempt"], 2);
  assert.deepEqual(Object.keys(read(lines[1])), ["level", "time", "service", "event", "msg"]);
});

test("ids that become known on the way are added to those that are", async () => {
  const { log, lines } = logInto();
  await processSpan(delivered({ correlationId: undefined, run: undefined }), async () => {
    CorrelationContext.run(CorrelationContext.create("caller-7"), () =>
      CorrelationContext.run({ run: "run-7" }, () => log.info({ event: "accepted" }, "known now")),
    );
  });
  assert.equal(read(lines[0])["correlation_id"], "caller-7");
  assert.equal(read(lines[0])["run"], "run-7");
});

test("whoever has no log at hand writes into that of the process, with the ids of the work", async () => {
  const { log, lines } = logInto();
  logStructured("info", { event: "early" }, "before there is a log");
  useLog(log);
  await processSpan(delivered(), async () => logStructured("warn", { event: "late", count: 3 }, "inside"));
  assert.equal(lines.length, 1);
  const { level, event, count, trace_id } = read(lines[0]);
  assert.deepEqual(
    { level, event, count, trace_id },
    { level: "warn", event: "late", count: 3, trace_id: TRACE_ID },
  );
});

test("lines below the level are not written", () => {
  const { log, lines } = logInto({ level: "warn" });
  log.info({ event: "chatter" }, "not now");
  log.error({ event: "trouble" }, "now");
  assert.equal(lines.length, 1);
});

test("a key that is not in the table is left out, so no goal, input, output or result can slip in", () => {
  const { log, lines } = logInto();
  const slips = {
    event: "accepted",
    goal: "canary",
    input: { a: "canary" },
    output: "canary",
    result: "canary",
  };
  log.info(slips as LogFields, "accepted");
  assert.doesNotMatch(lines[0]!, /canary/);
  assert.equal(read(lines[0])["event"], "accepted");
});

test("an error of the contract is told with its code, text and place", () => {
  const { log, lines } = logInto();
  const err = new GenesisError("E_SCHEMA", [{ path: "policy.maxSteps", rule: "at most 500" }]);
  log.error({ event: "dead_letter", err }, "could not be read");
  const told = read(lines[0])["err"] as Record<string, unknown>;
  assert.equal(told["type"], "GenesisError");
  assert.equal(told["code"], "E_SCHEMA");
  assert.match(String(told["message"]), /policy\.maxSteps: at most 500/);
  assert.match((told["at"] as string[])[0]!, /logging\.test\.ts/);
});

test("of a place below a user's own names only where it begins is told", () => {
  const { log, lines } = logInto();
  const rule = "must be string";
  const err = new GenesisError("E_SCHEMA", [
    { path: "labels.canary", rule },
    { path: "context.a.canary.0", rule },
  ]);
  log.warn({ event: "dead_letter", err }, "given up");
  assert.match(lines[0]!, /labels\.…: must be string; context\.…: must be string/);
  assert.doesNotMatch(lines[0]!, /canary/);
});

test("of a foreign error type, code and place are told, not the text: it may quote what a user wrote", () => {
  const { log, lines } = logInto();
  const cause = Object.assign(new Error("ENOENT: no such file, open '/canary'"), { code: "ENOENT" });
  log.error({ event: "failed", err: new GenesisError("E_AGENT", [], { cause }) }, "an attempt failed");
  const told = read(lines[0])["err"] as { cause: Record<string, unknown> };
  assert.equal(told.cause["code"], "ENOENT");
  assert.doesNotMatch(lines[0]!, /canary/);
});

test("a line of an error's text that looks like a frame is none", () => {
  const { log, lines } = logInto();
  const goal = "mend this:\n    at canary (/home/jane/private/payroll.js:3:1)";
  const [emptied, renamed] = ["", "another text"].map((message) => {
    const error = new Error(goal);
    // The runtime writes the stack when it is first asked for.
    assert.match(error.stack!, /canary/);
    return Object.assign(error, { message });
  });
  const foreign = Object.assign(new Error("x"), { stack: 7 });
  for (const err of [new TypeError(`cannot handle ${goal}`), emptied, renamed, foreign])
    log.error({ event: "failed", err }, "an attempt failed");
  assert.doesNotMatch(lines.join(""), /canary|payroll/);
  const [quoting, ...changed] = lines.map((line) => (read(line)["err"] as { at: string[] }).at);
  assert.match(quoting![0]!, /logging\.test\.ts/);
  assert.deepEqual(changed, [[], [], []]);
});

test("an error without a text, one with a code in its name, and an abort have their frames", () => {
  const { log, lines } = logInto();
  const aborted = AbortSignal.abort().reason as Error;
  const coded = (() => {
    try {
      return new URL("//");
    } catch (error) {
      return error;
    }
  })();
  for (const err of [new Error(), coded, aborted]) log.error({ event: "failed", err }, "failed");
  for (const line of lines)
    assert.ok(
      (read(line)["err"] as { at: string[] }).at.some((frame) => frame.includes("logging.test.ts")),
      line,
    );
});

test("a variable that is not there is told by its name", () => {
  const { log, lines } = logInto();
  log.fatal({ event: "crash", err: new ReferenceError("x is not defined") }, "a bug");
  assert.match(lines[0]!, /x is not defined/);
});

for (const [what, quote] of Object.entries<(text: string) => unknown>({
  "an address that is none": (text) => new Request(`//${text}`),
  "a time zone that is none": (text) => new Intl.DateTimeFormat("en", { timeZone: text }),
  "a comparison of a test": (text) => assert.equal(text, "x"),
  "a field of nothing": (text) => (null as unknown as Record<string, unknown>)[text],
  "a field of what is frozen": (text) => Object.defineProperty(Object.freeze({}), text, { value: 1 }),
})) {
  test(`the runtime's own error about ${what} is told by type and place, since its text quotes what it was given`, () => {
    const { log, lines } = logInto();
    try {
      quote("canary");
    } catch (err) {
      log.warn({ event: "step_failed", err }, "the step failed");
    }
    assert.match(lines[0]!, /"at":\["at /);
    assert.doesNotMatch(lines[0]!, /canary/);
  });
}

test("whatever is thrown can be logged", () => {
  const { log, lines } = logInto();
  const loop: Error & { cause?: unknown } = new GenesisError("E_INTERNAL");
  loop.cause = loop;
  for (const err of [undefined, null, "text", 7, {}, loop]) log.error({ event: "odd", err }, "odd");
  assert.equal(lines.length, 6);
});

test("of an author's own error the details are told, and its text only where that was asked for", () => {
  const details = [{ path: "input.canary", rule: "warm" }];
  const err = Object.assign(new Error("the oven is cold"), { name: "RetryableError", details });
  err.cause = new Error("no gas");
  const toldBy = (options: Partial<LoggingOptions>): Record<string, unknown> => {
    const { log, lines } = logInto(options);
    log.warn({ event: "step_failed", err }, "the step failed");
    return read(lines[0])["err"] as Record<string, unknown>;
  };
  const { at, cause, ...rest } = toldBy({});
  assert.deepEqual(rest, { type: "RetryableError", details: [{ path: "input.…", rule: "warm" }] });
  assert.match((at as string[])[0]!, /logging\.test\.ts/);
  assert.doesNotMatch(JSON.stringify(cause), /gas/);
  const { message, cause: why } = toldBy({ errorText: true });
  assert.deepEqual([message, (why as { message: string }).message], ["the oven is cold", "no gas"]);
});

test("for people an error is one text: what was thrown and what caused it, each with its author's line", async () => {
  const { log, lines } = logInto({ format: "pretty", errorText: true });
  const cause = await readFile("/no/such/file").catch((error: unknown) => error);
  log.warn({ event: "step_failed", err: new Error("no recipe", { cause }) }, "the step failed");
  assert.match(
    stripVTControlCharacters(lines[0]!),
    /err=Error: no recipe \(at [^)]*logging\.test\.ts:[^)]*\)+, caused by Error: ENOENT.* \(at [^)]*logging\.test\.ts:/,
  );
});

test("for people a line is plain text, with control characters taken out", () => {
  const { log, lines } = logInto({ format: "pretty" });
  log.info({ event: "ready", http: "http://127.0.0.1:9466", reason: "\u001B[2Jwiped" }, "ready");
  const plain = stripVTControlCharacters(lines[0]!);
  assert.match(
    plain,
    /^\d\d:\d\d:\d\d\.\d{3} INFO  halo      ready event=ready http=http:\/\/127\.0\.0\.1:9466 reason=wiped\n$/,
  );
});
