import type { AgentCard } from "./agents.ts";
import type { Method } from "./methods.ts";
import type { Rule } from "./rules.ts";

/** What planning and routing go by: agents in the order of the files, rules and methods by priority. Frozen. */
export type Catalog = {
  agents: readonly AgentCard[];
  rules: readonly Rule[];
  methods: readonly Method[];
  /** The versions of the rule sets that were merged, e.g. `audit@1 business@1`. */
  rulesVersion: string;
  /** SHA-256 over the canonical JSON of the rules, and of the agents: what decisions were made by, to the byte. */
  rulesHash: string;
  registryHash: string;
};
