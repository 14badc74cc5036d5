import { z } from "zod";
import { token } from "../contract/token.ts";

/** An agent as its card in the catalogue describes it. */
export const agentCard = z.strictObject({
  name: token.describe("unique over all catalogues; part of the subjects that it listens to"),
  description: z.string().max(512).optional(),
  taskTypes: z.array(token).min(1).max(64).describe("the task types that it takes"),
  skills: z
    .array(z.string().min(1).max(64))
    .max(64)
    .default([])
    .describe("what it can do; a step may ask for some of them"),
  costTier: z.enum(["free", "cheap", "medium", "expensive"]),
  successRate: z
    .number()
    .min(0)
    .max(1)
    .describe("share of its steps that it is expected to complete; 0 means not known yet"),
  concurrency: z
    .int()
    .min(1)
    .max(1000)
    .describe("how many steps it works on at a time in one process, and, per lane, over all of them"),
  external: z
    .boolean()
    .default(false)
    .describe("its process is somebody else's: Genesis makes its consumers and runs nothing"),
});
export type AgentCard = z.infer<typeof agentCard>;

/** The file `agents.yaml`. */
export const agentsFile = z.strictObject({ agents: z.array(agentCard).max(1000) });
