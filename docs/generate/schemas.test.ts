import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { PROJECT_ROOT } from "../../shared/config.ts";
import { decode } from "../../shared/contract/envelope.ts";
import { GenesisError } from "../../shared/contract/errors.ts";
import { EVENT_TYPES, type EventType, type NewEvent } from "../../shared/contract/events.ts";
import { NO_HEADERS } from "../../shared/contract/headers.ts";
import type { Decision, Step } from "../../shared/contract/plan.ts";
import { readSubmission } from "../../shared/contract/submission.ts";
import { subjectsOf } from "../../shared/contract/subjects.ts";
import * as facts from "../../test/support/facts.ts";
import { schemaPath } from "./schemas.ts";

/** The JSON Schemas as a stranger would use them, held against what the services do. */

const RUN = "run";
const HASH = "0".repeat(64);
const NOW_MS = Date.parse("2026-01-01T00:00:00Z");

function published(name: string): z.ZodType {
  const text = readFileSync(join(PROJECT_ROOT, "docs", schemaPath(name)), "utf8");
  return z.fromJSONSchema(JSON.parse(text));
}

const error = new GenesisError("E_AGENT", [{ path: "p", rule: "r" }]).toJSON();
const step: Step = {
  id: "s1",
  kind: "primitive",
  level: 0,
  taskType: "work",
  title: "Work",
  dependsOn: ["s0"],
  input: { a: 1 },
  skills: ["x"],
  timeoutMs: 1000,
  maxAttempts: 2,
  onFailure: "skip",
};
const decision: Decision = {
  method: "rule",
  rule: "r1",
  matched: { taskType: "work" },
  candidates: [{ agent: "worker", score: 0.5, rejectedBecause: "full" }],
  others: { "other work": ["a2"] },
  explanation: "because",
};
const verdict = {
  planHash: HASH,
  profile: "aop-v1",
  score: 0.7,
  parts: { success: 1 },
  checks: [{ check: "c", passed: true, score: 1, findings: [{ code: "x", step: "s1", message: "m" }] }],
};
const numbered = { rev: 0, tokens: [0], causationId: "c" };
const actor = { kind: "user", name: "test" } as const;

/** A fact of every type. */
const SAMPLES: { [T in EventType]: NewEvent } = {
  "task.submitted": facts.submitted(RUN, {
    taskType: "work",
    input: { a: 1 },
    labels: { a: "b" },
    budget: { tokens: 1 },
  }),
  "plan.decomposed": {
    type: "plan.decomposed",
    run: RUN,
    ...numbered,
    data: {
      planner: { kind: "methods", methods: ["m@1"] },
      steps: [step],
    },
  },
  "plan.routed": {
    type: "plan.routed",
    run: RUN,
    ...numbered,
    data: {
      rules: { version: "1", hash: HASH },
      registryHash: HASH,
      assignments: [{ step: "s1", agent: "worker", decision }],
      unrouted: [{ step: "s2", reason: "nobody", decision }],
    },
  },
  "plan.validated": { type: "plan.validated", run: RUN, ...numbered, data: verdict },
  "plan.rejected": { type: "plan.rejected", run: RUN, ...numbered, data: { ...verdict, final: true } },
  "step.dispatched": facts.dispatched(RUN, "s1"),
  "step.completed": facts.completed(RUN, "s1", { any: "thing" }),
  "step.failed": {
    type: "step.failed",
    run: RUN,
    step: "s1",
    attempt: 1,
    tokens: ["s1", 1],
    causationId: "c",
    data: { agent: "worker", error, usage: { inputTokens: 1, outputTokens: 2, costMicroUsd: 3 } },
  },
  "step.skipped": {
    type: "step.skipped",
    run: RUN,
    step: "s1",
    tokens: ["s1"],
    causationId: "c",
    data: { reason: "r", because: "s0" },
  },
  "plan.update": {
    type: "plan.update",
    run: RUN,
    tokens: ["u1"],
    causationId: "",
    data: { baseRev: 0, remove: ["s1"], because: "b", actor },
  },
  "plan.refused": {
    type: "plan.refused",
    run: RUN,
    tokens: ["u1"],
    causationId: "c",
    data: { error, reason: "r" },
  },
  "run.signal": facts.signal(RUN, "cancel"),
  "run.finished": facts.finished(RUN),
};

type Path = (string | number)[];

/** A value, and the value with each of its parts taken away, emptied, or made something else. */
function* variants(value: unknown): Generator<{ what: string; value: unknown }> {
  yield { what: "as it is", value };
  for (const path of pathsIn(value)) {
    for (const other of [undefined, null, "", "a b", -1, 0.5, [], {}, true, "2026-01-01T00:00:00+01:00"]) {
      yield { what: `${path.join(".")} = ${JSON.stringify(other)}`, value: withPart(value, path, other) };
    }
  }
}

function pathsIn(value: unknown, at: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [at];
  const inside = Object.entries(value).flatMap(([name, part]) => pathsIn(part, [...at, name]));
  return at.length > 0 ? [at, ...inside] : inside;
}

function withPart(value: unknown, [name, ...rest]: Path, part: unknown): unknown {
  if (name === undefined) return part;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<
    string,
    unknown
  >;
  copy[name] = withPart(copy[name], rest, part);
  return copy;
}

function isTaken(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (thrown) {
    assert.ok(thrown instanceof GenesisError);
    return false;
  }
}

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

for (const type of EVENT_TYPES) {
  test(`${type}: the published schema takes what the services take, and refuses what they refuse`, () => {
    const schema = published(type);
    const { subject, bytes } = facts.encoded(SAMPLES[type]);
    const read = (fact: unknown): boolean =>
      isTaken(() =>
        decode(subjectsOf("genesis"), {
          subject,
          seq: 1,
          storedAtMs: 0,
          headers: NO_HEADERS,
          bytes: bytesOf(fact),
        }),
      );
    let refused = 0;
    const sample: unknown = JSON.parse(Buffer.from(bytes).toString());
    assert.ok(read(sample));
    for (const { what, value } of variants(sample)) {
      const fact: unknown = JSON.parse(JSON.stringify(value));
      assert.equal(schema.safeParse(fact).success, read(fact), what);
      if (!read(fact)) refused++;
    }
    assert.ok(refused > 50);
  });
}

test("submission: the published schema takes what the gateway takes, and refuses what it refuses", () => {
  const schema = published("submission");
  const task = {
    goal: "g",
    taskType: "t",
    input: { a: 1 },
    context: { b: 2 },
    priority: "low",
    deadline: "2026-01-01T02:00:00+01:00",
    budget: { tokens: 1, costMicroUsd: 2 },
    labels: { a: "b" },
    policy: { maxDepth: 1, maxSteps: 2, maxReplans: 3, minScore: 0.4, profile: "genesis-v1" },
  };
  for (const { what, value } of variants(task)) {
    const payload: unknown = JSON.parse(JSON.stringify(value));
    // That it is in the past is nothing that a schema can say.
    if (what.startsWith('deadline = "2026')) continue;
    assert.equal(
      schema.safeParse(payload).success,
      isTaken(() => readSubmission(bytesOf(payload), NOW_MS)),
      what,
    );
  }
  const labels = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`l${i}`, "x"]));
  assert.equal(schema.safeParse({ goal: "g", labels }).success, false);
  const { policy } = readSubmission(bytesOf({ goal: "g" }), NOW_MS);
  const { policy: said, priority } = JSON.parse(
    readFileSync(join(PROJECT_ROOT, "docs", schemaPath("submission")), "utf8"),
  ).properties;
  assert.deepEqual(
    Object.fromEntries(
      Object.entries<{ default: unknown }>(said.properties).map(([name, of]) => [name, of.default]),
    ),
    policy,
  );
  assert.equal(priority.default, "normal");
});
