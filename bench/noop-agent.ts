import { z } from "zod";
import { defineAgent } from "../shared/agent/define-agent.ts";
import { runAgents } from "../shared/agent/run-agents.ts";
import { service } from "../shared/service.ts";

/** The agent of the benchmark: answers at once. */
const noop = defineAgent({
  name: "noop",
  tasks: {
    noop: {
      input: z.object({ part: z.int() }),
      output: z.object({ part: z.int() }),
      handler: ({ part }) => ({ part }),
    },
  },
});

await service("noop", { start: (context) => runAgents(context, [{ agent: noop, concurrency: 256 }]) });
