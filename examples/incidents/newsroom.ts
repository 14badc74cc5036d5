import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { defineAgent } from "../../shared/agent/define-agent.ts";
import { runAgents } from "../../shared/agent/run-agents.ts";
import { service } from "../../shared/service.ts";

/** The agents of the newsroom, with what is wrong with them. Started by start.ts. */
const PROOF_MS = 1500;

const article = z.object({ words: z.int() });
const proofs = z.object({ ok: z.boolean() });

const writer = defineAgent({
  name: "writer",
  tasks: {
    write_article: {
      input: z.object({ notes: z.string().max(1000) }),
      output: article,
      handler: async ({ notes }) => {
        const counts = Promise.withResolvers<number[]>();
        // What is thrown in here is thrown past everybody who could catch it: it ends the process.
        setImmediate(() => {
          counts.resolve(notes.split("\n").map((line) => line.match(/\w+/g)!.length));
        });
        return { words: (await counts.promise).reduce((sum, count) => sum + count, 0) };
      },
    },
  },
});

const proofreader = defineAgent({
  name: "proofreader",
  tasks: {
    proofread: {
      input: z.object({}),
      output: proofs,
      handler: async (_, { signal, log }) => {
        log.info(
          { event: "style_guide", duration_ms: PROOF_MS },
          "reads the style guide from its first page",
        );
        await delay(PROOF_MS, undefined, { signal });
        return { ok: true };
      },
    },
  },
});

const freelancer = defineAgent({
  name: "freelancer",
  tasks: {
    write_article: { input: z.object({ notes: z.string() }), output: article, handler: () => ({ words: 3 }) },
    proofread: { input: z.object({}), output: proofs, handler: () => ({ ok: true }) },
  },
});

await service("newsroom", {
  start: (context) =>
    runAgents(context, [
      { agent: writer, concurrency: 8 },
      { agent: proofreader, concurrency: 1 },
      { agent: freelancer, concurrency: 8 },
    ]),
});
