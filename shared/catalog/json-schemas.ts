import { z } from "zod";
import { agentsFile } from "../domain/agents.ts";
import { methodsFile } from "../domain/methods.ts";
import { rulesFile } from "../domain/rules.ts";

/** The JSON Schemas of the catalogue's files, by file name: what an editor checks and completes them with. */
export function catalogSchemas(): Record<string, object> {
  const files = { agents: agentsFile, rules: rulesFile, methods: methodsFile };
  return Object.fromEntries(
    Object.entries(files).map(([name, schema]) => [
      `${name}.schema.json`,
      // Draft 7 is what the YAML language server knows best.
      z.toJSONSchema(schema, { target: "draft-7", io: "input" }),
    ]),
  );
}
