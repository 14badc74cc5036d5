import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { foldRun } from "../../shared/domain/run.ts";
import {
  completed,
  failed,
  modelLog,
  planned,
  RUN,
  signalled,
  step,
  submitted,
  type ModelLog,
} from "../../test/support/model-log.ts";
import { dispatch, ended, skipped } from "../../test/support/sample-run.ts";
import { viewOf } from "../run-view.ts";
import { COLOURED, PLAIN } from "./paint.ts";
import { runLines } from "./run.ts";

/** The second after which the model log's clock shows this many seconds. */
const second = (n: number): number => Date.parse("2026-01-01T00:00:00Z") + n * 1000;

const linesOf = (log: ModelLog, nowMs: number): string[] =>
  runLines(viewOf(foldRun(log.history()), nowMs)!, PLAIN);

test("a running plan is a tree with states, agents, times and what is known", () => {
  const log = modelLog();
  planned(
    log,
    [
      step("inspect", { kind: "compound", title: "Inspect it" }),
      step("list", { parent: "inspect", level: 1, title: "List all files" }),
      step("count", { parent: "inspect", level: 1, maxAttempts: 3, dependsOn: ["list"] }),
      step("report", { dependsOn: ["inspect"], title: "Write the report" }),
    ],
    { goal: "Look at\nthis repository", taskType: "audit" },
  );
  log.write(completed(dispatch(log, "list"), { files: 12, simulated: true }));
  log.write(failed(dispatch(log, "count")));
  dispatch(log, "count", 2);
  assert.deepEqual(linesOf(log, second(12)), [
    "run    0123456789abcdef0123456789abcdef",
    "goal   Look at⏎this repository",
    "state  running for 11 s",
    "task   normal priority, task type audit, submitted 2026-01-01T00:00:01.000Z, due 2026-01-01T01:00:00.000Z",
    "trace  none, correlation id correlation",
    "plan   revision 0, planned by methods, passed (aop-v1 1.00)",
    "",
    "▶ inspect   running                                                           Inspect it",
    '├─ ✔ list   completed  worker (simulated)  1 s                                {"files":12,"simulated":true}',
    "└─ ▶ count  running    worker              5 s  attempt 2 of 3 after E_AGENT  count",
    "· report    waiting    worker                                                 Write the report",
  ]);
});

test("a finished run says how it ended, what it cost and what came out", () => {
  const log = modelLog();
  planned(log, [step("a", { onFailure: "skip" }), step("b", { dependsOn: ["a"] }), step("c")]);
  log.write(failed(dispatch(log, "a"), false));
  log.write(skipped(RUN, "b", "a failed"));
  log.write(completed(dispatch(log, "c"), "all is well"));
  log.write(
    ended(RUN, "completed", {
      result: { b: null, c: "all is well" },
      counts: { completed: 1, failed: 1, skipped: 1 },
      usage: { inputTokens: 1000, outputTokens: 200, costMicroUsd: 1500 },
    }),
  );
  assert.deepEqual(linesOf(log, second(99)).slice(2), [
    "state  completed after 9 s",
    "task   normal priority, submitted 2026-01-01T00:00:01.000Z, due 2026-01-01T01:00:00.000Z",
    "trace  none, correlation id correlation",
    "plan   revision 0, planned by methods, passed (aop-v1 1.00)",
    "",
    "✖ a  failed     worker  1 s  E_AGENT",
    "- b  skipped    worker       a failed",
    "✔ c  completed  worker  1 s  all is well",
    "",
    "steps   1 completed, 1 failed, 1 skipped",
    "spent   1200 tokens, $0.0015",
    "result  b: null",
    "result  c: all is well",
  ]);
});

test("rejected plans are shown with their findings, the newest plan first", () => {
  const log = modelLog();
  const task = log.write(submitted());
  const finding = {
    code: "E_NO_AGENT",
    step: "deploy",
    message: "No agent takes it.",
    suggestion: "Add an agent.",
  };
  for (const rev of [0, 1]) {
    const planner = { kind: "methods" as const, methods: ["ship@1", "deploy@2"] };
    log.write({
      type: "plan.decomposed",
      run: RUN,
      rev,
      tokens: [rev],
      causationId: task.id,
      data: { planner, steps: [step("deploy")] },
    });
    const checks = [{ check: "solvability", passed: false, score: 0, findings: [finding] }];
    const parts = { success: 0.5, "genesis-v1": 0.4, "aop-v1": 0.41 };
    const data = {
      planHash: "0".repeat(64),
      profile: "aop-v1",
      score: 0.41,
      parts,
      checks,
      final: rev === 1,
    };
    log.write({ type: "plan.rejected", run: RUN, rev, tokens: [rev], causationId: task.id, data });
  }
  assert.deepEqual(linesOf(log, second(8)).slice(2), [
    "state  ending for 7 s",
    "task   normal priority, submitted 2026-01-01T00:00:01.000Z, due 2026-01-01T01:00:00.000Z",
    "trace  none, correlation id correlation",
    "plan   revision 1, planned by methods ship@1 > deploy@2, rejected (aop-v1 0.41, genesis-v1 0.40)",
    "       revision 0, planned by methods ship@1 > deploy@2, rejected (aop-v1 0.41, genesis-v1 0.40)",
    "",
    "revision 1 was rejected",
    "  E_NO_AGENT solvability: deploy: No agent takes it. → Add an agent.",
    "",
    "revision 0 was rejected",
    "  E_NO_AGENT solvability: deploy: No agent takes it. → Add an agent.",
    "",
    "- deploy  not run (rejected)  deploy",
    "",
    "error   E_VALIDATION The plan did not pass validation. (deploy: E_NO_AGENT)",
  ]);
});

test("a step that was at work when its run ended is not said to be running", () => {
  const log = modelLog();
  planned(log, [step("a"), step("b", { dependsOn: ["a"] })]);
  dispatch(log, "a");
  const cancel = signalled("cancel");
  log.write({ ...cancel, data: { ...cancel.data, reason: "too dear" } });
  log.write(skipped(RUN, "b", "the run was cancelled"));
  log.write(ended(RUN, "cancelled", { counts: { completed: 0, failed: 0, skipped: 1 } }));
  assert.deepEqual(linesOf(log, second(99)).slice(7, 9), [
    "× a  abandoned  worker  3 s  a",
    "- b  skipped    worker       the run was cancelled",
  ]);
  assert.deepEqual(linesOf(log, second(99)).slice(10), [
    "ended   by test: too dear",
    "steps   0 completed, 0 failed, 1 skipped, 1 abandoned",
  ]);
});

test("a step that its run ended before is not said to be waiting, nor is the one it is part of", () => {
  const log = modelLog();
  planned(log, [
    step("a"),
    step("ship", { kind: "compound" }),
    step("b", { parent: "ship", level: 1 }),
    step("test", { kind: "compound" }),
    step("c", { parent: "test", level: 1 }),
    step("d", { parent: "test", level: 1 }),
  ]);
  log.write(completed(dispatch(log, "c"), "fine"));
  log.write(failed(dispatch(log, "a"), false));
  log.write(ended(RUN, "failed"));
  assert.deepEqual(linesOf(log, second(99)).slice(7, 13), [
    "✖ a     failed     worker  1 s  E_AGENT",
    "- ship  not run                 ship",
    "└─ - b  not run    worker       b",
    "× test  abandoned               test",
    "├─ ✔ c  completed  worker  1 s  fine",
    "└─ - d  not run    worker       d",
  ]);
  assert.equal(linesOf(log, second(99)).at(-1), "steps   0 completed, 0 failed, 0 skipped, 2 not run");
});

test("a long result is cut, with where all of it is, and a file that was written is named", () => {
  const log = modelLog();
  planned(log, [step("a")]);
  const report = { markdown: "long ".repeat(100), path: "/results/audit-report.md" };
  log.write(completed(dispatch(log, "a"), report));
  log.write(ended(RUN, "completed", { result: { a: report } }));
  const [result, file] = linesOf(log, second(99)).slice(-2);
  assert.match(result!, /^result  a: long long .*… \(--json has all\)$/);
  assert.equal(file, "file    /results/audit-report.md");
});

test("a task that is not planned yet is a run as well", () => {
  const log = modelLog();
  log.write(submitted());
  assert.equal(linesOf(log, second(2))[2], "state  planning for 1 s");
});

test("what leads to it elsewhere is named: its trace, and what the client calls the request that it came from", () => {
  const log = modelLog();
  planned(log, [step("a")]);
  const view = {
    ...viewOf(foldRun(log.history()), second(5))!,
    traceId: "a".repeat(32),
    correlationId: "x\ny",
  };
  assert.equal(runLines(view, PLAIN)[4], `trace  ${"a".repeat(32)}, correlation id x⏎y`);
});

test("colours change how it looks, never what it says", () => {
  const log = modelLog();
  planned(log, [step("a")]);
  const view = viewOf(foldRun(log.history()), second(5))!;
  const coloured = runLines(view, COLOURED);
  assert.notDeepEqual(coloured, runLines(view, PLAIN));
  assert.deepEqual(
    coloured.map((line) => stripVTControlCharacters(line).trimEnd()),
    runLines(view, PLAIN),
  );
});
