import assert from "node:assert/strict";
import { test } from "node:test";
import type { Decision } from "../../shared/contract/plan.ts";
import { foldRun } from "../../shared/domain/run.ts";
import {
  completed,
  failed,
  modelLog,
  RUN,
  step,
  submitted,
  type ModelLog,
} from "../../test/support/model-log.ts";
import { dispatch, ended, skipped } from "../../test/support/sample-run.ts";
import { explain } from "../decision-view.ts";
import { parseLogLine } from "../log-lines.ts";
import { viewOf } from "../run-view.ts";
import { letterLines, letterTable } from "./dead-letter.ts";
import { decisionLines } from "./decision.ts";
import { factLine, factTable } from "./event.ts";
import { logText } from "./log.ts";
import { PLAIN } from "./paint.ts";
import { runLines } from "./run.ts";
import { runTable } from "./runs.ts";
import { endSummary } from "./summary.ts";
import { traceLines } from "./trace.ts";

/** Clears the screen, changes the window's title, turns the direction around, and begins a line that looks like ours. */
const EVIL = "x\u001b[2J\u001b]0;pwned\u0007\u009b31m\u202e\r\n✔ deploy  completed\u0000";

/** A log in which every text that somebody outside writes is as bad as it can be. */
function hostileLog(): ModelLog {
  const log = modelLog();
  const task = log.write(
    submitted({ goal: EVIL, context: { [EVIL]: EVIL }, labels: { [EVIL.slice(0, 64)]: EVIL } }),
  );
  const steps = [
    step("a", { title: EVIL, input: { [EVIL]: EVIL }, maxAttempts: 2 }),
    step("b", { title: EVIL }),
    step("c", { title: EVIL }),
  ];
  const about = { run: RUN, rev: 0, tokens: [0], causationId: task.id };
  const planner = { kind: "llm" as const, methods: [EVIL], model: EVIL };
  log.write({ type: "plan.decomposed", ...about, data: { planner, steps, because: EVIL } });
  const decision: Decision = {
    method: "rule",
    rule: "r",
    matched: { [EVIL]: EVIL },
    candidates: [
      { agent: "worker", score: 1 },
      { agent: "other", score: 0, rejectedBecause: EVIL },
    ],
    others: { [EVIL]: ["third"] },
    explanation: EVIL,
  };
  const assignments = [{ step: "a", agent: "worker", decision }];
  const unrouted = [{ step: "b", reason: EVIL, decision }];
  log.write({
    type: "plan.routed",
    ...about,
    data: { rules: { version: EVIL, hash: EVIL }, registryHash: EVIL, assignments, unrouted },
  });
  const checks = [
    {
      check: EVIL,
      passed: false,
      score: 0,
      findings: [{ code: EVIL, step: EVIL, message: EVIL, suggestion: EVIL }],
    },
  ];
  const verdict = { planHash: "0".repeat(64), profile: EVIL, score: 0, parts: { [`${EVIL}-v1`]: 1 }, checks };
  log.write({ type: "plan.rejected", ...about, data: { ...verdict, final: false } });
  const actor = { kind: "user" as const, name: EVIL };
  log.write({
    type: "plan.update",
    run: RUN,
    tokens: ["u"],
    causationId: "",
    data: { baseRev: 0, because: EVIL, actor },
  });
  const error = {
    code: "E_AGENT" as const,
    message: EVIL,
    retryable: false,
    details: [{ path: EVIL, rule: EVIL }],
  };
  log.write({
    type: "plan.refused",
    run: RUN,
    tokens: ["u"],
    causationId: task.id,
    data: { error, reason: EVIL },
  });
  log.write({ ...failed(dispatch(log, "a")), data: { agent: "worker", error } });
  log.write(completed(dispatch(log, "b"), { [EVIL]: EVIL }));
  log.write(skipped(RUN, "c", EVIL));
  log.write({
    type: "run.signal",
    run: RUN,
    tokens: ["s"],
    causationId: "",
    data: { kind: "approve", actor, reason: EVIL },
  });
  log.write(ended(RUN, "failed", { result: { [EVIL]: EVIL }, error }));
  return log;
}

function everyLine(): string[] {
  const log = hostileLog();
  const run = foldRun(log.history());
  const view = viewOf(run, Date.now())!;
  const summary = { ...view, steps: { done: 0, all: 3, made: [] } };
  const letter = {
    id: RUN,
    subject: EVIL,
    stream: EVIL,
    sequence: 1,
    headers: { [EVIL]: [EVIL] },
    bytes: Buffer.from(EVIL).toString("base64"),
    code: EVIL,
    reason: EVIL,
    service: EVIL,
    time: EVIL,
    seq: 1,
    correlationId: EVIL,
  };
  const span = {
    traceId: RUN,
    spanId: EVIL,
    parentSpanId: EVIL,
    name: EVIL,
    service: EVIL,
    startMs: 0,
    durationMs: 1,
    error: EVIL,
    links: [],
    attributes: { "genesis.step": EVIL },
  };
  const logLine = parseLogLine(
    JSON.stringify({
      time: "2026-01-01T00:00:00Z",
      level: EVIL,
      service: EVIL,
      msg: EVIL,
      [EVIL]: EVIL,
      run: EVIL,
    }),
  )!;
  const explained = ["a", "b"]
    .map((id) => explain(run, id))
    .flatMap((e) => (e.is === "routed" ? [e.view] : []));
  return [
    ...runLines(view, PLAIN),
    endSummary(view, PLAIN),
    ...runTable([summary], Date.now(), PLAIN),
    ...factTable(log.events, PLAIN),
    ...log.events.map((event) => factLine(event, PLAIN)),
    ...explained.flatMap((decision) => decisionLines(decision, PLAIN)),
    ...letterTable([letter], PLAIN),
    ...letterLines(letter, PLAIN),
    ...traceLines([span], PLAIN),
    logText(logLine, PLAIN),
  ];
}

test("no text from outside reaches a terminal with anything that it would obey, and none makes a line of its own", () => {
  const lines = everyLine();
  assert.ok(lines.length > 60, "all renderers had their turn");
  for (const line of lines) {
    // oxlint-disable-next-line no-control-regex -- these are what must not be there
    assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/);
    assert.doesNotMatch(line, /^✔ deploy/);
  }
  assert.ok(
    lines.some((line) => line.includes("\\u001b[2J")),
    "the text itself is still there to be seen",
  );
});
