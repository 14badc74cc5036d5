import { z } from "zod";
import { defineAgent } from "../../shared/agent/define-agent.ts";
import { RetryableError, TerminalError } from "../../shared/agent/errors.ts";
import { runAgents } from "../../shared/agent/run-agents.ts";
import type { LogFields } from "../../shared/telemetry/logging.ts";
import { service } from "../../shared/service.ts";

/** The process behind the catalogue `keeper`: an agent that leaks all that it is told wherever it can. */

const secret = z.object({ secret: z.string().default("none") });
const anything = z.record(z.string(), z.unknown());

const keeper = defineAgent({
  name: "keeper",
  tasks: {
    keep_return: {
      input: secret,
      output: anything,
      handler: (input, { log, progress, usage }) => {
        progress(input.secret);
        log.info({ event: "leaked", goal: input.secret, output: input } as LogFields, "a slip");
        usage.add({ inputTokens: 3, outputTokens: 2, costMicroUsd: 5 });
        return { [input.secret]: input.secret };
      },
    },
    keep_throw: {
      input: secret,
      output: anything,
      handler: (input, { tool }) =>
        tool("sieve", () => {
          throw Object.assign(new Error(input.secret, { cause: new Error(input.secret) }), {
            details: input,
          });
        }),
    },
    keep_retry: {
      input: secret,
      output: anything,
      handler: (input) => {
        throw new RetryableError(input.secret);
      },
    },
    keep_end: {
      input: secret,
      output: anything,
      handler: (input) => {
        throw new TerminalError(input.secret);
      },
    },
  },
});

await service("keeper_agent", {
  start: (context) => runAgents(context, [{ agent: keeper, concurrency: 8 }]),
});
