import { z } from "zod";
import { defineAgent } from "../shared/agent/define-agent.ts";
import { runAgents } from "../shared/agent/run-agents.ts";
import { service } from "../shared/service.ts";

/**
 * The smallest agent: a name, a task type, what goes in, what comes out. Its card stands in a catalogue with `external: true`.
 *
 *   GENESIS_HTTP_PORT=0 GENESIS_TRACES_FILE=.genesis/traces/greeter.jsonl node cli/genesis.js --node examples/05-agent.ts
 */
const greeter = defineAgent({
  name: "greeter",
  tasks: {
    greet: {
      input: z.object({ name: z.string().min(1).max(100) }),
      output: z.object({ greeting: z.string() }),
      handler: ({ name }, step) => {
        step.progress(`greeting on attempt ${step.attempt}`);
        return { greeting: `Hello, ${name}!` };
      },
    },
  },
});

await service("greeter", { start: (context) => runAgents(context, [{ agent: greeter, concurrency: 4 }]) });
