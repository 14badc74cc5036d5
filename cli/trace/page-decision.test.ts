import assert from "node:assert/strict";
import { test } from "node:test";
import type { DecisionView } from "../decision-view.ts";
import { decisionBlock } from "./page-decision.ts";

const view: DecisionView = {
  run: "r",
  rev: 0,
  step: "deploy",
  title: "Go live",
  taskType: "deploy",
  rules: { version: "business@1", hash: "abcdef0123456789" },
  agent: "deploy_agent",
  decision: {
    method: "rule",
    rule: "deploy_first",
    matched: { taskType: "deploy", "agent.load": 0 },
    candidates: [
      { agent: "busy_agent", score: 0.9, rejectedBecause: "is full" },
      { agent: "deploy_agent", score: 0.84 },
    ],
    others: { "does not take deploy": ["spec_agent", "qa_agent"], "is asleep": [] },
    explanation: "Rule deploy_first matches.",
  },
};

test("a decision tells the choice, why, what matched, who else came into question, and everyone else", () => {
  assert.deepEqual(decisionBlock(view), {
    title: "Decision",
    isFolded: false,
    texts: ["Goes to deploy_agent, by rule deploy_first.", "Rule deploy_first matches."],
    blocks: [
      {
        title: "What matched",
        facts: [
          ["taskType", "deploy"],
          ["agent.load", "0"],
        ],
      },
      {
        title: "Candidates",
        table: [
          ["", "busy_agent", "0.90", "is full"],
          ["✔", "deploy_agent", "0.84", "chosen"],
        ],
      },
      { title: "Everyone else", texts: ["does not take deploy (2): spec_agent, qa_agent"] },
      { title: "Rules", texts: ["version business@1, hash abcdef01234…"] },
    ],
  });
});

test("a step that goes to nobody says why", () => {
  const { agent: _, ...unrouted } = view;
  const decision = {
    method: "fallback" as const,
    matched: {},
    candidates: [],
    others: {},
    explanation: "Nobody takes it.",
  };
  const block = decisionBlock({ ...unrouted, unroutedBecause: "no agent takes fly", decision });
  assert.deepEqual(block.texts, ["Goes to nobody: no agent takes fly", "Nobody takes it."]);
  assert.deepEqual(
    block.blocks?.map(({ title }) => title),
    ["Candidates: nobody came into question", "Rules"],
  );
});
