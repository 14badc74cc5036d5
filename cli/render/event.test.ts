import assert from "node:assert/strict";
import { test } from "node:test";
import type { Unreadable } from "../../shared/contract/decider.ts";
import { GenesisError } from "../../shared/contract/errors.ts";
import { completed, failed, modelLog, planned, RUN, signalled, step } from "../../test/support/model-log.ts";
import { dispatch, ended } from "../../test/support/sample-run.ts";
import { factDocument } from "../fact-document.ts";
import { factLine, factTable, inOrder } from "./event.ts";
import { PLAIN } from "./paint.ts";

test("the log of a run is a table of when, what, by which cause", () => {
  const log = modelLog();
  planned(log, [step("a", { maxAttempts: 2 })], { goal: "Do it" });
  log.write(failed(dispatch(log, "a")));
  log.write(completed(dispatch(log, "a", 2), { text: "x".repeat(100), simulated: true }));
  log.write(signalled("cancel"));
  log.write(ended(RUN, "completed", { counts: { completed: 1, failed: 0, skipped: 0 } }));
  const ids = new Map(log.events.map(({ id }, i) => [id.slice(0, 8), `id${i}`]));
  const named = factTable(log.events, PLAIN).map((line) =>
    line.replaceAll(/[0-9a-f]{8}/g, (id) => (ids.get(id) ?? id).padEnd(8)),
  );
  assert.deepEqual(
    named.map((line) => line.trimEnd()),
    [
      "SEQ  TIME                      TYPE             ID        CAUSE     WHAT",
      "1    2026-01-01T00:00:01.000Z  task.submitted   id0                 Do it",
      "2    2026-01-01T00:00:02.000Z  plan.decomposed  id1       id0       revision 0: 1 step, planned by methods",
      "3    2026-01-01T00:00:03.000Z  plan.routed      id2       id1       revision 0: 1 step with an agent",
      "4    2026-01-01T00:00:04.000Z  plan.validated   id3       id2       revision 0: aop-v1 1.00",
      "5    2026-01-01T00:00:05.000Z  step.dispatched  id4       c         a to worker, attempt 1",
      "6    2026-01-01T00:00:06.000Z  step.failed      id5       id4       a by worker, attempt 1: E_AGENT",
      "7    2026-01-01T00:00:07.000Z  step.dispatched  id6       c         a to worker, attempt 2",
      "8    2026-01-01T00:00:08.000Z  step.completed   id7       id6       a by worker (simulated): " +
        "x".repeat(79) +
        "…",
      "9    2026-01-01T00:00:09.000Z  run.signal       id8                 cancel by test",
      "10   2026-01-01T00:00:10.000Z  run.finished     id9       c         completed: 1 completed, 0 failed, 0 skipped",
    ],
  );
});

test("what cannot be read stands in its place, with the reason", () => {
  const log = modelLog();
  planned(log, [step("a")]);
  const error = new GenesisError("E_SCHEMA", [{ path: "data.agent", rule: "must be string" }]).toJSON();
  const unreadable: Unreadable = {
    type: "step.completed",
    run: RUN,
    rest: ["a"],
    seq: 3,
    storedAtMs: log.events[0]!.storedAtMs,
    id: "",
    error,
  };
  const facts = inOrder(
    log.events.filter(({ seq }) => seq !== 3),
    [unreadable],
  );
  assert.deepEqual(
    facts.map(({ seq }) => seq),
    [1, 2, 3, 4],
  );
  assert.equal(
    factLine(unreadable, PLAIN),
    "00:00:01.000  step.completed   a cannot be read: E_SCHEMA The payload does not have the fields that its schema asks for. (data.agent: must be string)",
  );
  const { storedAt, ...document } = factDocument(unreadable);
  assert.equal(storedAt, "2026-01-01T00:00:01.000Z");
  assert.deepEqual(document, { seq: 3, type: "step.completed", run: RUN, rest: ["a"], id: "", error });
});

test("a fact as JSON is its envelope, where it stands and when it was stored", () => {
  const log = modelLog();
  const { task } = planned(log, [step("a")], { goal: "Do it" });
  const document = factDocument(task);
  assert.deepEqual(Object.keys(document).toSorted(), [
    "causationId",
    "correlationId",
    "data",
    "id",
    "run",
    "seq",
    "storedAt",
    "subject",
    "time",
    "type",
    "version",
  ]);
  assert.equal(document["subject"], `genesis.v1.task.submitted.${RUN}.once`);
});
