import type { Command } from "commander";
import { loadCatalog } from "../shared/catalog/load.ts";
import type { Catalog } from "../shared/domain/catalog.ts";
import { catalogNames, catalogOption } from "./catalog-option.ts";
import { jsonOption, outputFor } from "./output.ts";
import { agentTable, methodTable, ruleTable } from "./render/catalog.ts";
import type { Paint } from "./render/paint.ts";

/** A kind of entry: where it stands in a catalogue, and how it looks as a table. */
type Kind = {
  name: "agents" | "rules" | "methods";
  summary: string;
  table: (catalog: Catalog, paint: Paint) => string[];
};

const KINDS: readonly Kind[] = [
  { name: "agents", summary: "who can do what", table: ({ agents }, paint) => agentTable(agents, paint) },
  {
    name: "rules",
    summary: "which steps go to which agent, first rule first",
    table: ({ rules }, paint) => ruleTable(rules, paint),
  },
  {
    name: "methods",
    summary: "how tasks are decomposed",
    table: ({ methods }, paint) => methodTable(methods, paint),
  },
];

/** `genesis catalog agents|rules|methods`: the entries of the catalogues. */
export function catalog(command: Command): void {
  for (const { name, summary, table } of KINDS) {
    const one = command.command(name).description(`list the ${name}: ${summary}`).addOption(catalogOption());
    jsonOption(one).action((options: { catalog?: string[]; json?: boolean }) => {
      const output = outputFor(options);
      const loaded = loadCatalog(catalogNames(options.catalog));
      if (output.json) output.document(loaded[name]);
      else output.lines(table(loaded, output.paint));
    });
  }
}
