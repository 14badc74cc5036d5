import assert from "node:assert/strict";
import { test } from "node:test";
import type { Decision } from "../../shared/contract/plan.ts";
import { explain } from "../decision-view.ts";
import { foldRun } from "../../shared/domain/run.ts";
import { completed, modelLog, RUN, step, submitted } from "../../test/support/model-log.ts";
import { dispatch, plannedByRule } from "../../test/support/sample-run.ts";
import { decisionLines } from "./decision.ts";
import { PLAIN } from "./paint.ts";

const byRule: Decision = {
  method: "rule",
  rule: "deploy_first",
  matched: { taskType: "deploy", "input.env": "production", "agent.load": 0 },
  candidates: [
    {
      agent: "busy_agent",
      score: 0.9,
      rejectedBecause: "is full: 3 of 3 places may be taken at the same time",
    },
    { agent: "deploy_agent", score: 0.84 },
    { agent: "builder_agent", score: 0.82, rejectedBecause: "rule deploy_first goes before capability" },
  ],
  others: { "does not take deploy": ["spec_agent", "qa_agent"], "is asleep": [] },
  explanation: "Rule deploy_first matches and names deploy_agent: release.",
};
const toNobody: Decision = {
  method: "fallback",
  matched: {},
  candidates: [],
  others: {},
  explanation: "Nobody takes it.",
};

function routedRun() {
  const log = modelLog();
  const task = log.write(submitted());
  const steps = [
    step("ship", { kind: "compound" }),
    step("deploy", { parent: "ship", title: "Go live", taskType: "deploy" }),
    step("fly"),
  ];
  log.write({
    type: "plan.decomposed",
    run: RUN,
    rev: 0,
    tokens: [0],
    causationId: task.id,
    data: { planner: { kind: "methods" }, steps },
  });
  log.write({
    type: "plan.routed",
    run: RUN,
    rev: 0,
    tokens: [0],
    causationId: task.id,
    data: {
      rules: { version: "business@1", hash: "abcdef0123456789" },
      registryHash: "",
      assignments: [{ step: "deploy", agent: "deploy_agent", decision: byRule }],
      unrouted: [{ step: "fly", reason: "no agent takes noop", decision: toNobody }],
    },
  });
  return foldRun(log.history());
}

const linesOf = (id: string): string[] => {
  const explained = explain(routedRun(), id);
  assert.equal(explained.is, "routed");
  return explained.is === "routed" ? decisionLines(explained.view, PLAIN) : [];
};

test("a decision reads like an answer: who, by what, what matched, who else, and the rest", () => {
  assert.deepEqual(linesOf("deploy"), [
    "deploy goes to deploy_agent, by rule deploy_first",
    "step   Go live (task type deploy)",
    "run    0123456789abcdef0123456789abcdef, revision 0",
    "rules  version business@1, hash abcdef01234…",
    "",
    "Rule deploy_first matches and names deploy_agent: release.",
    "",
    "what matched",
    "  taskType    deploy",
    "  input.env   production",
    "  agent.load  0",
    "",
    "candidates",
    "    busy_agent     0.90  is full: 3 of 3 places may be taken at the same time",
    "  ✔ deploy_agent   0.84  chosen",
    "    builder_agent  0.82  rule deploy_first goes before capability",
    "",
    "everyone else",
    "  does not take deploy (2)",
    "    spec_agent, qa_agent",
  ]);
});

test("a step that goes to nobody says why", () => {
  assert.deepEqual(linesOf("fly"), [
    "fly goes to nobody: no agent takes noop",
    "step   fly (task type noop)",
    "run    0123456789abcdef0123456789abcdef, revision 0",
    "rules  version business@1, hash abcdef01234…",
    "",
    "Nobody takes it.",
    "",
    "candidates",
    "  nobody came into question",
  ]);
});

test("whoever has only played the part by now is said to have", () => {
  const log = modelLog();
  for (const fact of [submitted(), ...plannedByRule(RUN)]) log.write(fact);
  const before = explain(foldRun(log.history()), "a");
  log.write(completed(dispatch(log, "a"), { text: "a plan", simulated: true }));
  const after = explain(foldRun(log.history()), "a");
  const [first, then] = [before, after].map((e) => e.is === "routed" && decisionLines(e.view, PLAIN)[0]);
  assert.equal(first, "a goes to worker, by rule first");
  assert.equal(then, "a goes to worker (simulated), by rule first");
});

test("what has no decision says what it is instead", () => {
  const run = routedRun();
  assert.deepEqual(explain(run, "ship"), { is: "compound", children: ["deploy"] });
  assert.deepEqual(explain(run, "dance"), { is: "unknown", steps: ["deploy", "fly"] });
  const log = modelLog();
  const task = log.write(submitted());
  assert.deepEqual(explain(foldRun(log.history()), "deploy"), { is: "unknown", steps: [] });
  log.write({
    type: "plan.decomposed",
    run: RUN,
    rev: 0,
    tokens: [0],
    causationId: task.id,
    data: { planner: { kind: "methods" }, steps: [step("deploy")] },
  });
  assert.deepEqual(explain(foldRun(log.history()), "deploy"), { is: "not routed yet" });
});
