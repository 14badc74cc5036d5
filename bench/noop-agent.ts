import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { defineAgent } from "../shared/agent/define-agent.ts";
import { runAgents } from "../shared/agent/run-agents.ts";
import { service } from "../shared/service.ts";

const WAIT_MS = 40;

/** The agent of the benchmarks: answers at once, or after 40 ms, as a quick tool would. */
const noop = defineAgent({
  name: "noop",
  tasks: {
    noop: {
      input: z.object({ part: z.int() }),
      output: z.object({ part: z.int() }),
      handler: ({ part }) => ({ part }),
    },
    wait: {
      input: z.object({}),
      output: z.object({ waitedMs: z.int() }),
      handler: async (_, { signal }) => {
        await sleep(WAIT_MS, undefined, { signal });
        return { waitedMs: WAIT_MS };
      },
    },
  },
});

await service("noop", { start: (context) => runAgents(context, [{ agent: noop, concurrency: 256 }]) });
