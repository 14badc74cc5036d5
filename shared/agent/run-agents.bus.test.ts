import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { eventually } from "../../test/support/eventually.ts";
import { dispatched, finished, submitted } from "../../test/support/facts.ts";
import { linesOf, valueOf } from "../../test/support/metrics.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import { recordSpans, spansOf } from "../../test/support/spans.ts";
import type { Work } from "../bus/context.ts";
import { watchProgress } from "../bus/progress.ts";
import { eventId } from "../contract/envelope.ts";
import type { NewEvent, StoredEvent } from "../contract/events.ts";
import { defineAgent } from "./define-agent.ts";
import { RetryableError } from "./errors.ts";
import { runAgents } from "./run-agents.ts";

let cell: TestCell;
let works: Work[] = [];
const begun: string[] = [];
const aborted: unknown[] = [];

const worker = defineAgent({
  name: "worker",
  tasks: {
    shout: {
      input: z.object({ word: z.string() }),
      output: z.object({ shouted: z.string(), goal: z.string() }),
      handler: async ({ word }, step) => {
        step.progress({ half: true });
        step.usage.add({ inputTokens: 2 });
        return { shouted: word.toUpperCase(), goal: await step.goal() };
      },
    },
    join: {
      input: z.object({}),
      output: z.unknown(),
      handler: (_, step) => step.results,
    },
    fail: {
      input: z.object({}),
      output: z.null(),
      handler: () => {
        throw new RetryableError("not now", { details: [{ path: "weather", rule: "fair" }] });
      },
    },
    wait: {
      input: z.object({}),
      output: z.null(),
      handler: async (_, step) => {
        begun.push(step.run);
        await delay(60_000, null, { signal: step.signal }).catch(() => aborted.push(step.signal.reason));
        return null;
      },
    },
  },
});

before(async () => {
  recordSpans();
  cell = await startCell();
  works = await runAgents(cell.ctx, [{ agent: worker, concurrency: 2 }]);
});
after(() => cell.stop(...works));

const append = (event: NewEvent) =>
  cell.bus.log.append({ event, expect: "subject" }, { correlationId: "corr-1", root: { caller: undefined } });

async function answered(subject: string): Promise<StoredEvent> {
  const { event } = await eventually(() => cell.bus.log.read(subject));
  assert.ok(event);
  return event;
}

const completedOf = (run: string) => cell.bus.subjects.fact("step.completed", run, "s1");

test("what an agent spends counts from 0 on, before it has done anything: its first cent is growth", async () => {
  assert.deepEqual(await linesOf("gen_ai_cost_total{"), [`gen_ai_cost_total{agent="worker"} 0`]);
});

test("a step is done, its progress heard, its goal read from the log, its result stored under the dispatch", async (t) => {
  const heard: unknown[] = [];
  t.after(watchProgress(cell.bus, "done", (progress) => heard.push(progress.note)));
  await append(submitted("done", { goal: "be heard" }));
  const spans = await spansOf(async () => {
    await append(dispatched("done", "s1", { taskType: "shout", input: { word: "hey" } }));
    await answered(completedOf("done"));
  });
  const result = (await answered(completedOf("done"))) as StoredEvent<"step.completed">;
  const asked = await answered(
    cell.bus.subjects.fact("step.dispatched", "done", "s1", 1, "worker", "normal"),
  );
  assert.deepEqual(result.data.output, { shouted: "HEY", goal: "be heard" });
  assert.deepEqual(result.data.usage, { inputTokens: 2 });
  assert.equal(result.id, eventId(result.subject, asked.id));
  assert.equal(result.traceparent!.split("-")[1], asked.traceparent!.split("-")[1]);
  assert.deepEqual(heard, [{ half: true }]);
  const attempt = spans.find((span) => span.name === "invoke_agent worker");
  assert.equal(attempt?.attributes["gen_ai.usage.input_tokens"], 2);
  assert.equal(await valueOf(`exec_step_duration_seconds_count{agent="worker",outcome="completed"}`), 1);
  assert.equal(await valueOf(`gen_ai_client_inference_tokens_total{agent="worker",type="input"}`), 2);
  assert.equal(await valueOf(`exec_inflight{agent="worker"}`), 0);
});

test("the results of the steps before it are handed over", async () => {
  await append(dispatched("joined", "s1", { taskType: "join", results: { a: { x: 1 }, b: null } }));
  const result = (await answered(completedOf("joined"))) as StoredEvent<"step.completed">;
  assert.deepEqual(result.data.output, { a: { x: 1 }, b: null });
});

test("what a handler throws is the failure of the attempt, with its details and without its text", async () => {
  const spans = await spansOf(async () => {
    await append(dispatched("failed", "s1", { taskType: "fail", attempt: 2 }));
    await answered(cell.bus.subjects.fact("step.failed", "failed", "s1", 2));
  });
  const attempt = spans.find((span) => span.name === "invoke_agent worker");
  const { attributes } = attempt!;
  assert.deepEqual(
    [attributes["genesis.step"], attributes["genesis.attempt"], attributes["error.type"]],
    ["s1", 2, "E_AGENT"],
  );
  const failure = await answered(cell.bus.subjects.fact("step.failed", "failed", "s1", 2));
  assert.deepEqual(failure.data, {
    agent: "worker",
    error: {
      code: "E_AGENT",
      message: "The agent could not do the step.",
      retryable: true,
      details: [{ path: "weather", rule: "fair" }],
    },
  });
});

test("a handler is told when its run ends, and its late result is nobody's", async () => {
  await append(dispatched("over", "s1", { taskType: "wait" }));
  await eventually(() => begun.length > 0);
  await append(finished("over"));
  await eventually(() => aborted.length > 0);
  assert.deepEqual(aborted, ["finished"]);
  assert.equal(await cell.bus.log.read(completedOf("over")), undefined);
});

test("agents wait for the stream of claims, without which no step is ever poison", async (t) => {
  const { streams } = cell.bus.jsm;
  const { config } = await streams.info("GENESIS_CLAIMS");
  await streams.delete("GENESIS_CLAIMS");
  const started = runAgents(cell.ctx, [{ agent: worker, concurrency: 1 }]);
  t.after(async () => Promise.all((await started).map(({ drain }) => drain())));
  assert.equal(await Promise.race([started, delay(500, "waits")]), "waits");
  await streams.add(config);
  assert.ok(await started);
});
