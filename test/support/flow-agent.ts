import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { defineAgent } from "../../shared/agent/define-agent.ts";
import { RetryableError } from "../../shared/agent/errors.ts";
import { runAgents } from "../../shared/agent/run-agents.ts";
import { service } from "../../shared/service.ts";

/**
 * The process behind the catalogue `flow`: somebody else's agent, made with the SDK, whose steps answer, spend, wait or fail as their
 * input says. Started like a service.
 */
const CONCURRENCY = 64;

const part = z.int().optional();
/** What a step says of itself: the number it was given, and the steps whose results it was shown. */
const output = z.object({ part, saw: z.array(z.string()) });

const flowWorker = defineAgent({
  name: "flow_worker",
  tasks: {
    flow_noop: {
      input: z.object({ part }),
      output,
      handler: (input, { results }) => ({ part: input.part, saw: Object.keys(results).toSorted() }),
    },
    flow_spend: {
      input: z.object({ costMicroUsd: z.int().min(0) }),
      output: z.object({}),
      handler: ({ costMicroUsd }, { tool, usage }) => {
        tool("till", () => usage.add({ inputTokens: 3, outputTokens: 2, costMicroUsd }));
        return {};
      },
    },
    flow_sleep: {
      input: z.object({ part, ms: z.int().min(0), deaf: z.boolean().default(false) }),
      output,
      handler: async (input, { results, signal, progress }) => {
        // Says who has it, for a test that wants to stop just that one.
        progress({ asleep: process.pid });
        await delay(input.ms, undefined, input.deaf ? {} : { signal });
        return { part: input.part, saw: Object.keys(results).toSorted() };
      },
    },
    flow_flaky: {
      input: z.object({ failures: z.int().min(0) }),
      output: z.object({ attempt: z.int() }),
      handler: (input, { attempt }) => {
        if (attempt <= input.failures) throw new RetryableError("as its input says");
        return { attempt };
      },
    },
  },
});

await service("flow_agent", {
  start: (context) => runAgents(context, [{ agent: flowWorker, concurrency: CONCURRENCY }]),
});
