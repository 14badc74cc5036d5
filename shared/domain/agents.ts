import { z } from "zod";

/** An agent as its card in the catalogue describes it. */
export const agentCard = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "must match [A-Za-z0-9_-]{1,64}"),
  description: z.string().max(512).optional(),
  /** The task types that it takes. */
  taskTypes: z.array(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "must match [A-Za-z0-9_-]{1,64}")).min(1),
  skills: z.array(z.string().max(64)).default([]),
  costTier: z.enum(["free", "cheap", "medium", "expensive"]),
  /** Share of its steps that it is expected to complete; 0 means not known yet. */
  successRate: z.number().min(0).max(1),
  /** How many steps it works on at a time, over all its instances. */
  concurrency: z.int().min(1).max(1000),
  /** Its process is somebody else's: Genesis makes its consumers and runs nothing. */
  external: z.boolean().default(false),
});
export type AgentCard = z.infer<typeof agentCard>;
