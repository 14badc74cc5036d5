import assert from "node:assert/strict";
import { before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { GenesisError } from "../contract/errors.ts";
import { describeError } from "../telemetry/logged-error.ts";
import { defineAgent, type Agent, type StepContext } from "./define-agent.ts";
import { RetryableError, TerminalError } from "./errors.ts";
import { recordSpans, spansOf } from "../../test/support/spans.ts";
import { tryStep, type TriedStep } from "../../test/support/try-step.ts";

before(recordSpans);

/** An agent with one task, `work`, that does what it is told. */
const agentThat = (handler: (input: { n: number }, step: StepContext) => unknown): Agent =>
  defineAgent({
    name: "worker",
    tasks: { work: { input: z.object({ n: z.int().default(7) }), output: z.unknown(), handler } },
  });

const outcomeOf = async (agent: Agent, step: Partial<TriedStep> = {}) =>
  (await tryStep(agent, { taskType: "work", ...step })).outcome;

const throwing = (error: unknown): Agent =>
  agentThat(() => {
    throw error;
  });

test("a result is completed with what the handler returned", async () => {
  assert.deepEqual(
    await outcomeOf(
      agentThat(({ n }) => ({ doubled: n * 2 })),
      { input: { n: 4 } },
    ),
    {
      completed: { output: { doubled: 8 } },
    },
  );
});

test("a tool is a span with the name that the agent gives it, and its result or error is that of what it ran", async () => {
  const cold = new RetryableError("the oven is cold");
  const agent = agentThat(async ({ n }, { tool }) => {
    const mixed = tool("bowl", () => n + 1);
    if (n > 8) return tool("oven", () => Promise.reject(cold));
    return tool("oven", async () => mixed * 2);
  });
  const spans = await spansOf(async () => {
    assert.deepEqual(await outcomeOf(agent), { completed: { output: 16 } });
    const outcome = await outcomeOf(agent, { input: { n: 9 } });
    assert.ok("failed" in outcome && outcome.failed.error.retryable);
  });
  assert.deepEqual(
    spans.map(({ name, attributes }) => [
      name,
      attributes["gen_ai.operation.name"],
      attributes["error.type"],
    ]),
    [
      ["execute_tool bowl", "execute_tool", undefined],
      ["execute_tool oven", "execute_tool", undefined],
      ["execute_tool bowl", "execute_tool", undefined],
      ["execute_tool oven", "execute_tool", "E_AGENT"],
    ],
  );
});

test("the handler sees the checked input: defaults filled in, unknown fields dropped", async () => {
  assert.deepEqual(
    await outcomeOf(
      agentThat((input) => input),
      { input: { other: true } },
    ),
    {
      completed: { output: { n: 7 } },
    },
  );
});

test("input that the task does not take is E_INPUT, with the place and never the value", async () => {
  const agent = agentThat(() => assert.fail("the handler must not see it"));
  assert.deepEqual(await outcomeOf(agent, { input: { n: "secret" } }), {
    failed: {
      error: {
        code: "E_INPUT",
        message: "The step's input is not what its agent asks for.",
        retryable: false,
        details: [{ path: "input.n", rule: "must be number" }],
      },
    },
  });
});

test("output that does not fit its schema is E_AGENT", async () => {
  const agent = defineAgent({
    name: "worker",
    tasks: {
      work: { input: z.object({}), output: z.object({ sum: z.number() }), handler: () => ({}) as never },
    },
  });
  const outcome = await outcomeOf(agent);
  assert.ok("failed" in outcome);
  assert.equal(outcome.failed.error.code, "E_AGENT");
  assert.deepEqual(outcome.failed.error.details, [{ path: "output.sum", rule: "must be number" }]);
});

test("a task type that the agent does not have is E_INPUT, even one that objects inherit", async () => {
  for (const taskType of ["other", "constructor", "toString"]) {
    const outcome = await outcomeOf(
      agentThat(() => 1),
      { taskType },
    );
    assert.ok("failed" in outcome);
    assert.equal(outcome.failed.error.code, "E_INPUT");
  }
});

const details = [{ path: "model", rule: "answered 429" }];
const THROWN: [string, unknown, { code: string; retryable: boolean; details?: unknown[] }][] = [
  [
    "a RetryableError",
    new RetryableError("busy", { details }),
    { code: "E_AGENT", retryable: true, details },
  ],
  ["a TerminalError", new TerminalError("no", { details }), { code: "E_AGENT", retryable: false, details }],
  ["any other error", new Error("secret"), { code: "E_AGENT", retryable: true }],
  ["what is no error at all", "secret", { code: "E_AGENT", retryable: true }],
  ["an error of the contract", new GenesisError("E_FORBIDDEN"), { code: "E_FORBIDDEN", retryable: false }],
  [
    "an error of the contract with a word of its own",
    new GenesisError("E_AGENT", [], { retryable: false }),
    { code: "E_AGENT", retryable: false },
  ],
];

for (const [name, error, expected] of THROWN) {
  test(`${name} becomes ${expected.code}, ${expected.retryable ? "" : "not "}worth another attempt`, async () => {
    const { outcome, logged } = await tryStep(throwing(error), { taskType: "work" });
    assert.ok("failed" in outcome);
    const { code, retryable, details: told } = outcome.failed.error;
    assert.deepEqual({ code, retryable, details: told }, { details: [], ...expected });
    assert.doesNotMatch(JSON.stringify(outcome), /secret|busy|stack/, "texts stay in the log");
    const { event, code: loggedCode, err } = logged[0]!;
    assert.deepEqual([event, loggedCode, err], ["step_failed", expected.code, error]);
  });
}

test("the place in the log of an error is the line that threw it", async () => {
  const { logged } = await tryStep(throwing(new Error("the oven is cold")), { taskType: "work" });
  assert.match(describeError(logged[0]!.err, false).at![0]!, /run-step\.test\.ts/);
});

const spend = (step: StepContext): void => {
  step.usage.add({ inputTokens: 10, outputTokens: 1 });
  step.usage.add({ inputTokens: 5, costMicroUsd: 3 });
};

test("usage adds up, also of a step that fails in the end", async () => {
  const usage = { inputTokens: 15, outputTokens: 1, costMicroUsd: 3 };
  const completed = agentThat((_, step) => {
    spend(step);
    return "done";
  });
  assert.deepEqual(await outcomeOf(completed), { completed: { output: "done", usage } });
  const failed = agentThat((_, step) => {
    spend(step);
    throw new Error("late");
  });
  const outcome = await outcomeOf(failed);
  assert.ok("failed" in outcome);
  assert.deepEqual(outcome.failed.usage, usage);
});

for (const [field, value, rule] of [
  ["inputTokens", 1.5, "must be int"],
  ["outputTokens", Number.NaN, "must be number"],
  ["costMicroUsd", -1, "at least 0"],
] as const)
  test(`a cost of ${field} ${value} fails the step for good, and says which field is wrong`, async () => {
    const outcome = await outcomeOf(
      agentThat((_, step) => {
        step.usage.add({ inputTokens: 5 });
        step.usage.add({ [field]: value });
        return "done";
      }),
    );
    assert.ok("failed" in outcome);
    const { code, retryable, details: told } = outcome.failed.error;
    assert.deepEqual(
      { code, retryable, told },
      {
        code: "E_AGENT",
        retryable: false,
        told: [{ path: `usage.${field}`, rule }],
      },
    );
    assert.deepEqual(outcome.failed.usage, { inputTokens: 5 }, "what was right before it counts");
  });

test("the context tells where the step stands, and what came before it", async () => {
  const agent = agentThat(async (_, step) => {
    step.progress("half way");
    step.progress({ done: 1, of: 2 });
    const { run, step: id, attempt, title, effectKey, timeoutMs, results } = step;
    return { run, id, attempt, title, effectKey, timeoutMs, results, goal: await step.goal() };
  });
  const { outcome, progress } = await tryStep(agent, {
    taskType: "work",
    run: "r1",
    step: "s2",
    attempt: 3,
    title: "A title",
    goal: "the goal",
    results: { s1: { x: 1 } },
  });
  assert.deepEqual(outcome, {
    completed: {
      output: {
        run: "r1",
        id: "s2",
        attempt: 3,
        title: "A title",
        effectKey: "r1.s2",
        timeoutMs: 60_000,
        results: { s1: { x: 1 } },
        goal: "the goal",
      },
    },
  });
  assert.deepEqual(progress, ["half way", { done: 1, of: 2 }]);
});

test("a handler that listens to the signal ends when it aborts", async () => {
  const agent = agentThat((_, step) => delay(60_000, undefined, { signal: step.signal }));
  const { outcome, logged } = await tryStep(agent, { taskType: "work", signal: AbortSignal.timeout(5) });
  assert.ok("failed" in outcome);
  assert.deepEqual(logged, [], "being told to stop is no news");
});

test("a broker that does not answer is no failure of the step", async () => {
  const storage = new GenesisError("E_STORAGE");
  await assert.rejects(tryStep(throwing(storage), { taskType: "work" }), storage);
});

test("a name that could reach another subject is refused when the agent is declared", () => {
  const task = { input: z.object({}), output: z.null(), handler: () => null };
  assert.throws(() => defineAgent({ name: "a.b", tasks: { work: task } }), {
    name: "GenesisError",
    code: "E_ID",
  });
  assert.throws(() => defineAgent({ name: "a", tasks: { "work.>": task } }), {
    name: "GenesisError",
    code: "E_ID",
  });
  assert.throws(() => defineAgent({ name: "a", tasks: {} }), GenesisError);
});
